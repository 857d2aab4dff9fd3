"""The worker of a run, a process on this machine or a pod, is told to end."""

import logging
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError

from media_pipeline.domain.errors import QuarantineCode, Unavailable

_SECONDS = (2.0, 3.0)
"""to connect, and to be answered; the client asks four times"""
_TRIES = 3
_log = logging.getLogger(__name__)


def reach(run: dg.DagsterRun, instance: dg.DagsterInstance) -> None:
    """Make sure that the worker of a run can be ended, where it is a pod. Raises Unavailable where this process has no
    token, or Kubernetes refuses or does not answer: then nobody knows what becomes of the worker.

    To be asked first. Dagster notes that a run is ending before it tries to end the worker, waits for an answer without
    a limit, and two minutes later takes the run for cancelled, whether its pod is gone or not.
    """
    launcher = None if instance.is_ephemeral else instance.get_ref().run_launcher_data
    if run.status is dg.DagsterRunStatus.QUEUED or launcher is None or launcher.module_name != "dagster_k8s":
        return
    from kubernetes.client import ApiException  # type: ignore[import-untyped,unused-ignore]
    from kubernetes.config import ConfigException  # type: ignore[import-untyped,unused-ignore]
    from urllib3.exceptions import HTTPError

    try:
        k8s: Any = instance.run_launcher
        k8s._api_client.core_api.list_namespaced_pod(
            k8s.job_namespace, label_selector=f"dagster/run-id={run.run_id}", limit=1, _request_timeout=_SECONDS
        )
    except (ConfigException, ApiException, HTTPError) as error:
        raise _unreachable(run, str(error)) from error


def end(run: dg.DagsterRun, instance: dg.DagsterInstance) -> bool:
    """Tell the worker to end, or take the run out of the queue; False where there is no worker. One on this machine
    that nobody can reach any more is taken for dead. Raises Unavailable where the pod could not be ended."""
    try:
        for _ in range(_TRIES):
            told: bool | None = instance.run_coordinator.cancel_run(run.run_id)
            if told is not None:  # the launcher's word for an error of Kubernetes
                return told
    except (dg.DagsterError, DagsterUserCodeUnreachableError) as gone:
        _log.warning("a worker cannot be reached", extra={"run_id": run.run_id, "reason": str(gone)})
        return False
    raise _unreachable(run, "its pod could not be deleted")


def _unreachable(run: dg.DagsterRun, why: str) -> Unavailable:
    message = "The worker of the run cannot be reached."
    return Unavailable(QuarantineCode.INTERNAL, message, detail=f"{run.run_id}: {why}")
