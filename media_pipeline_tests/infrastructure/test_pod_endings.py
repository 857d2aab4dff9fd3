"""Why a pod came to nothing, by the statuses that Kubernetes writes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kubernetes import client  # type: ignore[import-untyped,unused-ignore]

from media_pipeline.domain.attempt import LOST
from media_pipeline.domain.errors import QuarantineCode
from media_pipeline.domain.job import Failure
from media_pipeline.infrastructure import pod_endings as end

START = datetime(2026, 11, 1, tzinfo=UTC)


def pod(status: dict[str, Any], *, age: int = 0) -> Any:
    """A V1Pod out of plain data, as the client reads an answer."""
    plain = {"metadata": {"creationTimestamp": (START - timedelta(seconds=age)).isoformat()}, "status": status}
    return client.ApiClient()._ApiClient__deserialize(plain, "V1Pod")


def terminated(reason: str, code: int) -> dict[str, Any]:
    state = {"terminated": {"reason": reason, "exitCode": code}}
    return {"phase": "Failed", "containerStatuses": [container(state)]}


def waiting(reason: str) -> dict[str, Any]:
    return {"phase": "Pending", "containerStatuses": [container({"waiting": {"reason": reason}})]}


def container(state: dict[str, Any]) -> dict[str, Any]:
    return {"name": "dagster", "image": "i", "imageID": "i", "ready": False, "restartCount": 0, "state": state}


def disrupted(reason: str, message: str = "") -> dict[str, Any]:
    condition = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message}
    return {"phase": "Failed", "conditions": [condition], **terminated("Error", 143)}


FULL = "Container dagster exceeded its local ephemeral storage limit. "
EMPTYDIR = 'Usage of EmptyDir volume "scratch" exceeds the limit "2Gi". '
STATUSES: list[tuple[dict[str, Any], Failure]] = [
    (terminated("OOMKilled", 137), end.OUT_OF_MEMORY),
    ({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}, end.EVICTED),
    ({"phase": "Failed", "reason": "Evicted", "message": FULL}, end.SCRATCH_FULL),
    ({"phase": "Failed", "reason": "Evicted", "message": EMPTYDIR}, end.SCRATCH_FULL),
    ({"phase": "Failed", "reason": "NodeLost"}, end.NODE_LOST),
    ({"phase": "Failed", "reason": "Terminated", "message": "Pod was terminated for a node shutdown."},
     end.NODE_LOST),
    (terminated("ContainerStatusUnknown", 137), end.NODE_LOST),
    (disrupted("PreemptionByScheduler"), end.PREEMPTED),
    (disrupted("DeletionByTaintManager"), end.NODE_LOST),
    (disrupted("EvictionByEvictionAPI"), end.EVICTED),
    (disrupted("TerminationByKubelet", EMPTYDIR), end.SCRATCH_FULL),
    (waiting("ImagePullBackOff"), end.IMAGE_MISSING),
    (waiting("CreateContainerConfigError"), end.NOT_STARTED),
    (terminated("Error", 1), LOST),
]  # fmt: skip


@pytest.mark.parametrize(("status", "failure"), STATUSES)
def test_the_status_of_a_pod_says_why(status: dict[str, Any], failure: Failure) -> None:
    assert end.why([pod(status)]) is failure


def test_the_youngest_pod_tells_and_without_any_it_vanished() -> None:
    old, young = pod(terminated("OOMKilled", 137), age=60), pod({"phase": "Failed", "reason": "NodeLost"})
    assert end.why([old, young]) is end.why([young, old]) is end.NODE_LOST
    assert end.why([]) is end.VANISHED


@pytest.mark.parametrize("status", [waiting("ContainerCreating"), {"phase": "Pending"}, terminated("OOMKilled", 137)])
def test_who_waits_for_room_or_has_begun_can_be_started(status: dict[str, Any]) -> None:
    assert end.unstartable([pod(status)]) is None
    assert end.unstartable([]) is None


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Container 'dagster' status: Terminated with exit code 137: OOMKilled", QuarantineCode.OUT_OF_MEMORY),
        (f"Pod status: Failed: {EMPTYDIR}", QuarantineCode.DISK_FULL),
        ("Job dagster-run-1 could not be found", QuarantineCode.WORKER_LOST),
    ],
)
def test_what_dagster_was_told_of_the_pod_of_a_run_names_a_code(said: str, code: QuarantineCode) -> None:
    assert end.told_of(said) is code
