"""What the cluster holds, as plain data: jobs, pods, events; the job controller, and the collector of what is owned."""

import threading
import uuid
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from kubernetes_validate import ValidationError, validate  # type: ignore[import-untyped,unused-ignore]

Object = dict[str, Any]
VERSION = "1.37.0"
_BACKGROUND = "Background"


class Refused(Exception):
    """What is asked for cannot be: a status and a reason as Kubernetes has them."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


class Objects:
    """One namespace. `kubelet` is told of each pod that is made, and of each that is to end."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.lock = threading.RLock()
        self.jobs: dict[str, Object] = {}
        self.pods: dict[str, Object] = {}
        self.events: list[Object] = []
        self.seen: list[Object] = []
        """every pod there ever was, as it was made"""
        self.run: Callable[[Object], None] = lambda pod: None
        self.end: Callable[[Object], None] = lambda pod: None

    def create_job(self, job: Object) -> Object:
        with self.lock:
            _checked(job)
            name = job["metadata"]["name"]
            if name in self.jobs:
                raise Refused(409, "AlreadyExists", f'jobs.batch "{name}" already exists')
            job = deepcopy(job)
            job["metadata"] |= _born(self.namespace)
            job["status"] = {"active": 1, "startTime": _now()}
            self.jobs[name] = job
            self._create_pod(job)
            return job

    def job(self, name: str) -> Object:
        with self.lock:
            return _found(self.jobs, name, "jobs.batch")

    def pod(self, name: str) -> Object:
        with self.lock:
            return _found(self.pods, name, "pods")

    def delete_job(self, name: str, propagation: str | None) -> None:
        """Without being told to, Kubernetes leaves a job's pods behind."""
        with self.lock:
            job = self.job(name)
            del self.jobs[name]
            if propagation == _BACKGROUND:
                self._collect(job)

    def delete_pod(self, name: str) -> Object:
        """It is asked to end, and is gone as soon as it has."""
        with self.lock:
            pod = self.pod(name)
            pod["metadata"].setdefault("deletionTimestamp", _now())
            if pod["status"]["phase"] in {"Succeeded", "Failed"}:
                self.gone(name)
        self.end(pod)
        return pod

    def gone(self, name: str) -> None:
        """A pod is there no more, and nothing that it owned; its job hears of it."""
        with self.lock:
            pod = self.pods.pop(name, None)
            if pod is None:
                return
            self._collect(pod)
            if pod["status"]["phase"] not in {"Succeeded", "Failed"}:
                self._count(pod, "failed")

    def tell(self, name: str, **status: Any) -> None:
        """The kubelet says how a pod is."""
        with self.lock:
            pod = self.pods.get(name)
            if pod is None:
                return
            pod["status"] |= status
            ended = {"Succeeded": "succeeded", "Failed": "failed"}.get(status.get("phase", ""))
            if ended:
                self._count(pod, ended)
                if "deletionTimestamp" in pod["metadata"]:
                    self.gone(name)

    def _create_pod(self, job: Object) -> None:
        template = deepcopy(job["spec"]["template"])
        owner = job["metadata"]
        name = f"{owner['name']}-{uuid.uuid4().hex[:5]}"
        labels = {**template["metadata"].get("labels", {}), "job-name": owner["name"],
                  "batch.kubernetes.io/job-name": owner["name"]}  # fmt: skip
        template["metadata"] |= {**_born(self.namespace), "name": name, "labels": labels}
        template["metadata"]["ownerReferences"] = [_owner("batch/v1", "Job", owner)]
        pod = {"apiVersion": "v1", "kind": "Pod", **template, "status": {"phase": "Pending"}}
        _checked(pod)
        self.pods[name] = pod
        self.seen.append(deepcopy(pod))
        self.run(pod)

    def _count(self, pod: Object, ended: str) -> None:
        """The job controller: what becomes of a job whose pod ended."""
        job = self.jobs.get(pod["metadata"]["labels"]["job-name"])
        if job is None:
            return
        status = job["status"]
        status[ended] = status.get(ended, 0) + 1
        status.pop("active", None)
        if ended == "failed" and status["failed"] <= job["spec"].get("backoffLimit", 6):
            status["active"] = 1
            self._create_pod(job)
            return
        kind = {"succeeded": "Complete", "failed": "Failed"}[ended]
        status["conditions"] = [{"type": kind, "status": "True"}]

    def _collect(self, owner: Object) -> None:
        uid = owner["metadata"]["uid"]
        for kept, delete in ((self.jobs, self._delete_job), (self.pods, self.delete_pod)):
            for name, each in list(kept.items()):
                if any(o["uid"] == uid for o in each["metadata"].get("ownerReferences", ())):
                    delete(name)

    def _delete_job(self, name: str) -> None:
        self.delete_job(name, _BACKGROUND)


def matching(objects: Mapping[str, Object], query: Mapping[str, str]) -> list[Object]:
    """Those that a label selector and a field selector choose; only equality is spoken here."""
    labels = [part.split("=", 1) for part in query.get("labelSelector", "").split(",") if part]
    fields = [part.split("=", 1) for part in query.get("fieldSelector", "").split(",") if part]
    chosen = []
    for each in objects.values():
        metadata = each["metadata"]
        of_fields = {"metadata.name": metadata["name"]}
        if all(metadata.get("labels", {}).get(k) == v for k, v in labels) and all(of_fields[k] == v for k, v in fields):
            chosen.append(each)
    return chosen


def _checked(body: Object) -> None:
    try:
        validate(body, VERSION, strict=True)
    except ValidationError as bad:
        place = ".".join(map(str, bad.path))
        raise Refused(422, "Invalid", f"{body.get('kind')} is invalid: {place}: {bad.message}") from bad
    spec = body["spec"]["template"]["spec"] if body["kind"] == "Job" else body["spec"]
    names = [v["name"] for v in spec.get("volumes", ())]
    mounted = [m["name"] for c in spec["containers"] for m in c.get("volumeMounts", ())]
    if len(set(names)) < len(names) or not set(mounted) <= set(names):
        raise Refused(422, "Invalid", f"volumes {names} do not fit the mounts {mounted}")
    paths = [m["mountPath"] for c in spec["containers"] for m in c.get("volumeMounts", ())]
    if len(set(paths)) < len(paths):
        raise Refused(422, "Invalid", f"mounted twice: {paths}")


def _found(objects: Mapping[str, Object], name: str, kind: str) -> Object:
    if name not in objects:
        raise Refused(404, "NotFound", f'{kind} "{name}" not found')
    return objects[name]


def _born(namespace: str) -> Object:
    return {"namespace": namespace, "uid": str(uuid.uuid4()), "creationTimestamp": _now()}


def _owner(version: str, kind: str, metadata: Object) -> Object:
    return {"apiVersion": version, "kind": kind, "name": metadata["name"], "uid": metadata["uid"], "controller": True}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
