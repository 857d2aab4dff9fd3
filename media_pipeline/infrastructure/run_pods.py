"""The pods of runs, as far as somebody wants to end them."""

from collections.abc import Callable
from typing import Any

from media_pipeline.domain.errors import QuarantineCode, Unavailable

_SECONDS = (1.0, 2.0)
"""to connect, and to be answered; the client asks four times"""


def reach(launcher: Callable[[], Any], run_id: str) -> None:
    """Make sure that the launcher of dagster-k8s can end the pod of a run. Raises Unavailable where this process
    has no token, or Kubernetes refuses or does not answer: then nobody knows what becomes of the pod.

    To be asked first. Dagster notes that a run is ending before it tries to end the pod, waits for an answer without a
    limit, and two minutes later takes the run for cancelled, whether its pod is gone or not.
    """
    from kubernetes.client import ApiException  # type: ignore[import-untyped,unused-ignore]
    from kubernetes.config import ConfigException  # type: ignore[import-untyped,unused-ignore]
    from urllib3.exceptions import HTTPError

    try:
        found = launcher()
        found._api_client.core_api.list_namespaced_pod(
            found.job_namespace, label_selector=f"dagster/run-id={run_id}", limit=1, _request_timeout=_SECONDS
        )
    except (ConfigException, ApiException, HTTPError) as error:
        raise unreachable(run_id, str(error)) from error


def unreachable(run_id: str, why: str) -> Unavailable:
    message = "The worker of the run cannot be reached."
    return Unavailable(QuarantineCode.INTERNAL, message, detail=f"{run_id}: {why}")
