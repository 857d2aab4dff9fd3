"""A Kubernetes API server for tests: what dagster-k8s asks of one, over TLS, for service accounts that may ask it."""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from media_pipeline_tests.kubernetes.objects import Object, Objects, Refused, matching
from media_pipeline_tests.kubernetes.rights import Rights

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_BATCH, _CORE = "/apis/batch/v1/namespaces/{namespace}", "/api/v1/namespaces/{namespace}"
_VERBS = {"POST": "create", "DELETE": "delete"}


class Api:
    """Answers from `objects`. A token is the name of a service account; `log` is what a pod has printed."""

    def __init__(self, objects: Objects, rights: Rights, log: Callable[[str], str]) -> None:
        self.objects, self.rights, self.log = objects, rights, log
        self.asked: list[tuple[str, str, str]] = []
        """service account, verb, resource"""

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._guarded], client_max_size=16 * 1024**2)
        app.add_routes(
            [
                web.post(f"{_BATCH}/jobs", self._create),
                web.get(f"{_BATCH}/jobs", self._jobs),
                web.get(f"{_BATCH}/jobs/{{name}}", self._job),
                web.get(f"{_BATCH}/jobs/{{name}}/status", self._job),
                web.delete(f"{_BATCH}/jobs/{{name}}", self._delete_job),
                web.get(f"{_CORE}/pods", self._pods),
                web.get(f"{_CORE}/pods/{{name}}", self._pod),
                web.get(f"{_CORE}/pods/{{name}}/log", self._log),
                web.delete(f"{_CORE}/pods/{{name}}", self._delete_pod),
                web.get(f"{_CORE}/events", self._events),
            ]
        )
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._allowed(request)
            return await handler(request)
        except Refused as no:
            return web.json_response(_status(no), status=no.status)
        except web.HTTPNotFound:
            unknown = Refused(404, "NotFound", "the server could not find the requested resource")
            return web.json_response(_status(unknown), status=404)

    def _allowed(self, request: web.Request) -> None:
        _, _, account = request.headers.get("Authorization", "").partition(" ")
        if not self.rights.known(account):
            raise Refused(401, "Unauthorized", "Unauthorized")
        path = request.path.split("/namespaces/", 1)
        group = "batch" if path[0].startswith("/apis/batch") else ""
        namespace, resource, *rest = path[1].split("/")
        verb = _VERBS.get(request.method, "get" if rest else "list")
        resource = "/".join([resource, *rest[1:]])
        self.asked.append((account, verb, resource))
        if namespace != self.objects.namespace or not self.rights.may(account, verb, group, resource):
            what = f'User "{account}" cannot {verb} resource "{resource}" in the namespace "{namespace}"'
            raise Refused(403, "Forbidden", what)

    async def _create(self, request: web.Request) -> web.Response:
        body = await request.json()
        return web.json_response(await asyncio.to_thread(self.objects.create_job, body), status=201)

    async def _jobs(self, request: web.Request) -> web.Response:
        return _list("batch/v1", "JobList", matching(self.objects.jobs, request.query))

    async def _job(self, request: web.Request) -> web.Response:
        return web.json_response(self.objects.job(request.match_info["name"]))

    async def _delete_job(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else {}
        propagation = request.query.get("propagationPolicy") or (body or {}).get("propagationPolicy")
        self.objects.delete_job(request.match_info["name"], propagation)
        return web.json_response({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    async def _pods(self, request: web.Request) -> web.Response:
        return _list("v1", "PodList", matching(self.objects.pods, request.query))

    async def _pod(self, request: web.Request) -> web.Response:
        return web.json_response(self.objects.pod(request.match_info["name"]))

    async def _delete_pod(self, request: web.Request) -> web.Response:
        return web.json_response(self.objects.delete_pod(request.match_info["name"]))

    async def _log(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.objects.pod(name)
        lines = self.log(name).splitlines()[-int(request.query.get("tailLines", "1000")) :]
        return web.Response(text="\n".join(lines))

    async def _events(self, request: web.Request) -> web.Response:
        return _list("v1", "EventList", self.objects.events)


@contextmanager
def serving(api: Api, certificate: ssl.SSLContext) -> Iterator[int]:
    """The port of the server, on loopback."""
    loop, ready, port = asyncio.new_event_loop(), threading.Event(), [0]

    async def begin() -> web.AppRunner:
        runner = web.AppRunner(api.application())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate)
        await site.start()
        port[0] = runner.addresses[0][1]
        ready.set()
        return runner

    def work() -> None:
        runner = loop.run_until_complete(begin())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(30)
    yield port[0]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(30)


def _status(no: Refused) -> Object:
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": no.message, "reason": no.reason,
            "code": no.status}  # fmt: skip


def _list(version: str, kind: str, items: list[Any]) -> web.Response:
    return web.json_response({"apiVersion": version, "kind": kind, "metadata": {}, "items": items})
