"""A small upload's whole run in the pod of the run: five pods fewer, and what is killed takes the whole run along."""

from typing import Any

from media_pipeline.domain.job import Job
from media_pipeline.infrastructure.pods import Pods

SWITCH = "in_one_pod"
IN_ONE_POD: dict[str, Any] = {"execution": {"config": {SWITCH: True}}}
"""run config of such a run"""
POD_TAG = "dagster-k8s/config"


def one_pod_tags(pods: Pods, job: Job) -> dict[str, str]:
    """What the launcher is told of the run's pod, which has the work of all steps."""
    return {POD_TAG: pods.whole_run(source_bytes=job.size, origin=job.origin)}
