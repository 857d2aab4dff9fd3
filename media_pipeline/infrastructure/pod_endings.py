"""Why a pod came to nothing, in words, as Kubernetes tells it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from media_pipeline.domain.attempt import LOST
from media_pipeline.domain.errors import QuarantineCode
from media_pipeline.domain.job import Failure

Pod = Any
"""a V1Pod of Kubernetes' client, which is a library without types, and one of deployments on Kubernetes alone"""

_CODE = QuarantineCode.WORKER_LOST
OUT_OF_MEMORY = Failure(QuarantineCode.OUT_OF_MEMORY, "The worker ran out of memory.")
SCRATCH_FULL = Failure(QuarantineCode.DISK_FULL, "The worker wrote more than its scratch space holds.")
EVICTED = Failure(_CODE, "The worker was evicted: its node ran short.")
NODE_LOST = Failure(_CODE, "The worker was lost with its node.")
PREEMPTED = Failure(_CODE, "The worker made way for more urgent work.")
IMAGE_MISSING = Failure(_CODE, "The worker's image cannot be had.")
NOT_STARTED = Failure(_CODE, "The worker could not be started.")
VANISHED = Failure(_CODE, "The worker vanished.")
SILENT = Failure(_CODE, "The worker ended without a word.")
TAKEN = Failure(_CODE, "The worker was told to end: its node was drained, or others needed the room.")
NO_ROOM = "No node has room for the worker yet."

_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError"})
_UNSTARTABLE = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_DISRUPTIONS: Mapping[str, Failure] = {
    # a pod's own reason
    "Evicted": EVICTED,
    "Preempting": PREEMPTED,
    "NodeLost": NODE_LOST,
    "NodeShutdown": NODE_LOST,
    "Shutdown": NODE_LOST,
    "Terminated": NODE_LOST,
    # that of its condition DisruptionTarget
    "PreemptionByScheduler": PREEMPTED,
    "DeletionByTaintManager": NODE_LOST,
    "DeletionByPodGC": NODE_LOST,
    "EvictionByEvictionAPI": EVICTED,
    "TerminationByKubelet": EVICTED,
}
_FULL = ("ephemeral", "EmptyDir")


def why(pods: Sequence[Pod]) -> Failure:
    """Why the worker is gone that these pods were, of which the youngest tells. Without any it vanished."""
    return (taken(pods) or unstartable(pods) or LOST) if pods else VANISHED


def taken(pods: Sequence[Pod]) -> Failure | None:
    """What the youngest of these pods did itself or was done to it, be it that it has ended or that it is told to."""
    pod = youngest(pods)
    return (_of_container(pod) or _of_node(pod)) if pod else None


def _of_container(pod: Pod) -> Failure | None:
    """What it did itself."""
    if any(end.reason == "OOMKilled" for end in _ended(pod)):
        return OUT_OF_MEMORY
    said = f"{pod.status.message or ''} {_disruption(pod, 'message') or ''}"
    return SCRATCH_FULL if any(word in said for word in _FULL) else None


def _of_node(pod: Pod) -> Failure | None:
    """What was done to it."""
    disrupted = _DISRUPTIONS.get(_disruption(pod, "reason") or "") or _DISRUPTIONS.get(pod.status.reason or "")
    if disrupted is None and any(end.reason == "ContainerStatusUnknown" for end in _ended(pod)):
        return NODE_LOST
    return disrupted


def unstartable(pods: Sequence[Pod]) -> Failure | None:
    """Why the youngest of these pods waits, if it is not for room or for its turn."""
    pod = youngest(pods)
    for status in _containers(pod) if pod else ():
        waiting = status.state and status.state.waiting
        if waiting and waiting.reason in _IMAGE:
            return IMAGE_MISSING
        if waiting and waiting.reason in _UNSTARTABLE:
            return NOT_STARTED
    return None


def without_room(pods: Sequence[Pod]) -> str | None:
    """What the scheduler says of the youngest of these pods, where it finds no node for it."""
    pod = youngest(pods)
    for condition in pod.status.conditions or () if pod else ():
        if (condition.type, condition.status, condition.reason) == ("PodScheduled", "False", "Unschedulable"):
            return condition.message or NO_ROOM
    return None


def youngest(pods: Sequence[Pod]) -> Pod | None:
    return max(pods, key=made, default=None)


def told_of(message: str) -> QuarantineCode:
    """The code of a run's worker that is gone, by what Dagster was told of its pod and put into one text."""
    if "OOMKilled" in message:
        return QuarantineCode.OUT_OF_MEMORY
    return QuarantineCode.DISK_FULL if any(word in message for word in _FULL) else QuarantineCode.WORKER_LOST


def _containers(pod: Pod) -> Iterator[Any]:
    yield from pod.status.container_statuses or ()
    yield from pod.status.init_container_statuses or ()


def _ended(pod: Pod) -> Iterator[Any]:
    for status in _containers(pod):
        for state in (status.state, status.last_state):
            if state and state.terminated:
                yield state.terminated


def _disruption(pod: Pod, what: str) -> str | None:
    for condition in pod.status.conditions or ():
        if condition.type == "DisruptionTarget" and condition.status == "True":
            found: str | None = getattr(condition, what)
            return found
    return None


def made(pod: Pod) -> datetime:
    """When it was made."""
    return pod.metadata.creation_timestamp or datetime.min.replace(tzinfo=UTC)
