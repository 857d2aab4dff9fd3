"""Webhooks: over the API, and through a running gateway to a real receiver, which checks what it is sent."""

import asyncio
import importlib.util
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from starlette.testclient import TestClient

from media_pipeline.domain.caller import Scope
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.job import JobState
from media_pipeline.domain.webhook import Delivery, NotSent, Webhook
from media_pipeline.gateway import webhooks as webhooks_module
from media_pipeline.gateway.background import running
from media_pipeline.gateway.delivering import Deliveries
from media_pipeline.infrastructure.outgoing import Outgoing
from media_pipeline_tests import builders as a
from media_pipeline_tests.fake_webhooks import MemoryWebhooks
from media_pipeline_tests.fakes import MemoryCatalogue
from media_pipeline_tests.gateway.house import OTHER, TENANT, House, house, of, within
from media_pipeline_tests.gateway.test_media import code
from media_pipeline_tests.receiver import Receiver, serving

EXAMPLE = Path(__file__).parent.parent.parent / "docs" / "examples" / "receive_webhooks.py"
PATIENCE = 10.0


@pytest.fixture(scope="module")
def example() -> ModuleType:
    """What the guide gives to receivers."""
    spec = importlib.util.spec_from_file_location("receive_webhooks", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving(Receiver()) as one:
        yield one


@pytest.fixture
def near(tmp_path: Path, empty: bytes) -> House:
    """A house whose webhooks may lead to this machine."""
    return house(tmp_path / "home", empty, webhook_private_addresses=True)


@pytest.fixture
def open_house(near: House) -> Iterator[TestClient]:
    with TestClient(near.app, raise_server_exceptions=False) as client:
        yield client


def test_a_webhook_shows_its_secret_once(near: House, open_house: TestClient) -> None:
    key = near.key()
    wanted = {"url": "http://127.0.0.1:9/hook", "events": ["ready", "rejected"]}
    answer = open_house.post("/v1/webhooks", json=wanted, headers=key)
    assert answer.status_code == 201
    new = answer.json()
    assert len(new.pop("secret")) == len("whsec_") + 44
    assert open_house.get("/v1/webhooks", headers=key).json() == {"items": [new]}
    assert (new["url"], new["events"]) == (wanted["url"], ["ready", "rejected"])
    assert open_house.delete(f"/v1/webhooks/{new['id']}", headers=key).status_code == 204
    assert open_house.get("/v1/webhooks", headers=key).json() == {"items": []}
    assert code(open_house.delete(f"/v1/webhooks/{new['id']}", headers=key)) == (404, "not-found")


def test_webhooks_are_an_admins_and_of_one_tenant(near: House, open_house: TestClient) -> None:
    new = open_house.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/"}, headers=near.key()).json()
    assert sorted(new["events"]) == sorted(JobState)
    url = f"/v1/webhooks/{new['id']}"
    for scope in (Scope.READ, Scope.UPLOAD):
        assert code(open_house.get("/v1/webhooks", headers=near.key(TENANT, scope))) == (403, "scope-missing")
    theirs = near.key(OTHER)
    assert open_house.get("/v1/webhooks", headers=theirs).json() == {"items": []}
    for method, path in [("DELETE", url), ("GET", f"{url}/deliveries"), ("POST", f"{url}/deliveries/x/redeliver")]:
        assert code(open_house.request(method, path, headers=theirs)) == (404, "not-found")


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({"url": "http://127.0.0.1/"}, "webhook-url-refused"),
        ({"url": "https://127.0.0.1/"}, "webhook-url-refused"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "webhook-url-refused"),
        ({"url": "https://[::1]/"}, "webhook-url-refused"),
        ({"url": "https://localhost/"}, "webhook-url-refused"),
        ({"url": "gopher://x"}, "webhook-url-refused"),
        ({"url": ""}, "webhook-url-refused"),
        ({"url": "https://" + "x" * 2000}, "invalid-request"),
        ({"url": "https://example.com", "events": []}, "invalid-request"),
        ({"url": "https://example.com", "events": ["finished"]}, "invalid-request"),
        ({"url": "https://example.com", "secret": "mine"}, "invalid-request"),
        ({}, "invalid-request"),
        ([], "invalid-request"),
    ],
)
def test_what_cannot_be_a_webhook_is_refused(home: House, client: TestClient, wanted: Any, problem: str) -> None:
    assert code(client.post("/v1/webhooks", json=wanted, headers=home.key())) == (422, problem)
    assert home.platform.webhooks.of(TENANT) == []


def test_what_is_no_json_is_refused(home: House, client: TestClient) -> None:
    for body in (b"{", b"\xff", b'{"url": "\\ud800"}'):
        headers = home.key() | {"Content-Type": "application/json"}
        status, problem = code(client.post("/v1/webhooks", content=body, headers=headers))
        assert (status, problem) in [(422, "invalid-request"), (400, "bad-request"), (422, "webhook-url-refused")]


def test_a_tenant_has_so_many_and_no_more(near: House, open_house: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks_module, "MOST", 2)
    wanted = {"url": "http://127.0.0.1:9/"}
    answers = [open_house.post("/v1/webhooks", json=wanted, headers=near.key()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert code(answers[2]) == (409, "too-many-webhooks")


def told(client: TestClient, id: str, key: dict[str, str]) -> list[Any]:
    items: list[Any] = client.get(f"/v1/webhooks/{id}/deliveries", headers=key).raise_for_status().json()["items"]
    return items


def test_a_change_arrives_signed_and_is_listed(
    near: House, open_house: TestClient, receiver: Receiver, example: ModuleType
) -> None:
    key = near.key()
    wanted = {"url": f"http://127.0.0.1:{receiver.port}/204", "events": ["ready"]}
    hook = open_house.post("/v1/webhooks", json=wanted, headers=key).json()
    job = near.finish(near.media(), JobState.PROCESSING, JobState.READY)
    near.finish(near.media("other.mp4", tenant=OTHER), JobState.PROCESSING, JobState.READY)
    within(PATIENCE, lambda: [d["state"] for d in told(open_house, hook["id"], key)] == ["delivered"])
    ((_, headers, body),) = receiver.got
    message = example.verified(hook["secret"], headers, body, now=time.time())
    assert message["type"] == "media.ready"
    assert message["data"] == {"id": job.media_id, "version": job.version, "state": "ready", "error": None}
    (delivery,) = told(open_house, hook["id"], key)
    assert headers["webhook-id"] == delivery["id"]
    assert (delivery["answer"], delivery["tries"], delivery["next_try_at"]) == (204, 1, None)
    for changed, moment in [
        ((hook["secret"], headers, body + b" "), time.time()),
        ((hook["secret"], headers | {"webhook-id": "another"}, body), time.time()),
        (("whsec_" + "A" * 44, headers, body), time.time()),
        ((hook["secret"], headers, body), time.time() + 301),
        ((hook["secret"], headers, body), time.time() - 301),
        ((hook["secret"], {}, body), time.time()),
    ]:
        with pytest.raises(example.Forged):
            example.verified(*changed, now=moment)


def test_what_failed_is_listed_and_sent_again_when_somebody_asks(
    near: House, open_house: TestClient, receiver: Receiver
) -> None:
    key = near.key()
    wanted = {"url": f"http://127.0.0.1:{receiver.port}/503", "events": ["queued"]}
    hook = open_house.post("/v1/webhooks", json=wanted, headers=key).json()
    near.media()
    within(PATIENCE, lambda: [d["answer"] for d in told(open_house, hook["id"], key)] == [503])
    (waiting,) = told(open_house, hook["id"], key)
    assert (waiting["state"], waiting["trouble"]) == ("waiting", "The answer was 503.")
    assert waiting["next_try_at"] > waiting["happened_at"]
    url = f"/v1/webhooks/{hook['id']}/deliveries"
    again = open_house.post(f"{url}/{waiting['id']}/redeliver", headers=key)
    assert (again.status_code, again.json()["id"], again.json()["tries"]) == (202, waiting["id"], 0)
    within(PATIENCE, lambda: len(receiver.got) == 2)
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1
    for unknown in ("unknown", "%00", "a%20b"):
        assert code(open_house.post(f"{url}/{unknown}/redeliver", headers=key)) == (404, "not-found")


def test_pages_of_deliveries_follow_each_other(near: House) -> None:
    client, key = TestClient(near.app), near.key()  # nothing is sent: the gateway is not running
    near.platform.webhooks.add(Webhook("hook", TENANT, "https://example.com", "whsec_", frozenset(JobState), a.NOW))
    for number in range(5):
        near.media(f"clip-{number}")
    seen: list[str] = []
    asked: dict[str, Any] = {"limit": 2}
    while True:
        page = client.get("/v1/webhooks/hook/deliveries", params=asked, headers=key).json()
        seen += [item["media_id"] for item in page["items"]]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    assert (len(seen), len(set(seen))) == (5, 5)
    bad = client.get("/v1/webhooks/hook/deliveries", params={"cursor": "x"}, headers=key)
    assert code(bad) == (400, "bad-cursor")


def test_an_address_that_has_become_private_is_told_nothing(home: House, receiver: Receiver, tmp_path: Path) -> None:
    async def inside(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    url = f"https://hooks.test:{receiver.port}/204"
    home.platform.webhooks.add(Webhook("hook", TENANT, url, "whsec_", frozenset(JobState), a.NOW))
    home.media()
    with TestClient(of(home.platform, outgoing=Outgoing(private=False, resolve=inside)).app) as client:
        key = home.key()
        within(PATIENCE, lambda: [d["tries"] for d in told(client, "hook", key)] == [1])
        within(PATIENCE, lambda: told(client, "hook", key)[0]["trouble"] is not None)
        assert told(client, "hook", key)[0]["trouble"] == "The address leads into a private network."
    assert receiver.got == []


# The loop, as quick as it is told to be.


class World:
    """Webhooks whose receivers answer as a test says; a clock that a test moves."""

    def __init__(self, answer: Callable[[str], int] = lambda _: 200) -> None:
        self.webhooks = MemoryWebhooks()
        self.catalogue = MemoryCatalogue(self.webhooks.announce)
        self.now = a.NOW
        self.sent: list[str] = []
        self.held: dict[str, asyncio.Event] = {}
        self._answer = answer

    async def post(self, url: str, headers: Mapping[str, str], content: bytes) -> int:
        self.sent.append(url)
        if url in self.held:
            await self.held[url].wait()
        return self._answer(url)

    def webhook(self, name: str) -> None:
        self.webhooks.add(Webhook(name, "acme", name, "whsec_", frozenset({JobState.QUEUED}), a.NOW))

    def change(self, key: str) -> None:
        self.catalogue.register(
            a.upload(key), title=key, tenant="acme", profile="web", tasks=["source"], at=self.now
        )  # fmt: skip

    def states(self, name: str) -> list[tuple[str, int]]:
        return [(str(d.state), d.tries) for d in self.webhooks.deliveries(name, limit=1000)]

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[None]:
        loop = Deliveries(self.webhooks, self.post, lambda: self.now, every_seconds=0.001)
        async with running(loop.run()) as tasks:
            yield
            assert not tasks[0].done()

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not true():
                await asyncio.sleep(0.001)


def test_tries_go_on_until_one_succeeds_or_there_were_enough() -> None:
    async def scene() -> None:
        statuses = {"good": iter([500, 302, 200]), "bad": iter([500] * 100)}
        world = World(lambda url: next(statuses[url]))
        world.webhook("good")
        world.webhook("bad")
        world.change("clip")

        def tried(times: int) -> bool:
            return world.sent.count("bad") == times and world.webhooks.deliveries("bad")[0].answer == 500

        async with world.gateway():
            for tries in range(1, 16):
                await world.until(partial(tried, tries))
                world.now += timedelta(hours=4)
            await world.until(lambda: world.states("bad") == [("failed", 15)])
            await world.until(lambda: world.states("good") == [("delivered", 3)])
            world.now += timedelta(days=2)
        assert (world.sent.count("good"), world.sent.count("bad")) == (3, 15)

    asyncio.run(scene())


def test_who_is_slow_keeps_only_itself_waiting() -> None:
    async def scene() -> None:
        world = World()
        world.webhook("slow")
        world.held["slow"] = asyncio.Event()
        for number in range(50):
            world.change(f"clip-{number}")
        async with world.gateway():
            await world.until(lambda: world.sent.count("slow") == 4)
            world.webhook("quick")
            for number in range(20):
                world.change(f"more-{number}")
            await world.until(lambda: world.states("quick").count(("delivered", 1)) == 20)
            assert world.sent.count("slow") == 4
            world.held["slow"].set()
            await world.until(lambda: world.states("slow").count(("delivered", 1)) == 70)
        assert world.sent.count("slow") == 70

    asyncio.run(scene())


def test_several_gateways_share_the_work() -> None:
    async def scene() -> None:
        world = World()
        world.webhook("hook")
        for number in range(60):
            world.change(f"clip-{number}")
        async with world.gateway(), world.gateway(), world.gateway():
            await world.until(lambda: world.states("hook").count(("delivered", 1)) == 60)
        assert len(world.sent) == 60

    asyncio.run(scene())


def test_what_a_gateway_was_sending_when_it_died_is_sent_by_the_next() -> None:
    async def scene() -> None:
        world = World()
        world.webhook("hook")
        world.held["hook"] = asyncio.Event()
        world.change("clip")
        async with world.gateway():
            await world.until(lambda: world.sent)
        assert world.states("hook") == [("waiting", 1)]
        del world.held["hook"]
        async with world.gateway():
            world.now += timedelta(minutes=2)
            await world.until(lambda: world.states("hook") == [("delivered", 2)])

    asyncio.run(scene())


def test_a_catalogue_that_is_away_loses_nothing() -> None:
    class Away(MemoryWebhooks):
        away = True

        def claim(self, **asked: Any) -> list[tuple[Webhook, Delivery]]:
            if self.away:
                raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The catalogue does not answer.")
            return super().claim(**asked)

        def record(self, after: Delivery, *, claimed: Delivery) -> bool:
            if after.tries == 1:
                raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The catalogue does not answer.")
            return super().record(after, claimed=claimed)

    async def scene() -> None:
        world = World()
        world.webhooks = webhooks = Away()
        world.catalogue = MemoryCatalogue(webhooks.announce)
        world.webhook("hook")
        world.change("clip")
        async with world.gateway():
            webhooks.away = False
            await world.until(lambda: world.sent == ["hook"])
            world.now += timedelta(minutes=2)
            await world.until(lambda: world.states("hook") == [("delivered", 2)])
        assert world.sent == ["hook", "hook"]

    asyncio.run(scene())


def test_what_cannot_be_sent_says_why_and_old_deliveries_go() -> None:
    async def scene() -> None:
        world = World()

        def refuses(_url: str) -> int:
            raise NotSent("It could not be connected to.")

        world = World(refuses)
        world.webhook("hook")
        world.change("clip")
        async with world.gateway():
            await world.until(lambda: world.webhooks.deliveries("hook")[0].trouble)
            assert world.webhooks.deliveries("hook")[0].trouble == "It could not be connected to."
            world._answer = lambda _: 200
            world.now += timedelta(minutes=1)
            await world.until(lambda: world.states("hook") == [("delivered", 2)])
            world.now += timedelta(days=31)
            await world.until(lambda: world.states("hook") == [])

    asyncio.run(scene())
