"""A small upload's whole run in the pod of the run: five pods fewer, and what is killed takes the whole run along."""

import json
from typing import Any

from media_pipeline.infrastructure.pods import Pods

SWITCH = "in_one_pod"
IN_ONE_POD: dict[str, Any] = {"execution": {"config": {SWITCH: True}}}
"""run config of such a run"""
POD_TAG = "dagster-k8s/config"


def one_pod_tags(pods: Pods, source_bytes: int) -> dict[str, str]:
    """What the launcher is told of the run's pod, which has the work of all steps."""
    return {POD_TAG: json.dumps(pods.whole_run(source_bytes=source_bytes))}
