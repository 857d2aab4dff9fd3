"""Small uploads whose whole run is in one pod, where steps have pods of their own."""

import json
import os
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from media_pipeline.definitions import build
from media_pipeline.defs.one_pod import IN_ONE_POD
from media_pipeline.defs.partitions import BYTES_TAG
from media_pipeline.defs.sensors import new_uploads
from media_pipeline_tests.instance import new_instance
from media_pipeline_tests.platform import platform

POD = "dagster-k8s/config"


def asked(tmp_path: Path, size: int, **settings: Any) -> dg.RunRequest:
    """What the sensor asks for when a file of so many bytes lies in the inbox."""
    here = platform(tmp_path, **settings)
    path = here.settings.inbox / "clip.mp4"
    path.write_bytes(b"x" * size)
    os.utime(path, (time.time() - 3600,) * 2)
    with new_instance() as instance:
        tick = new_uploads(dg.build_sensor_context(instance=instance, resources={"platform": here}))
    assert isinstance(tick, dg.SensorResult)
    (request,) = tick.run_requests or []
    return request


def test_a_run_says_how_large_its_source_is(tmp_path: Path) -> None:
    assert asked(tmp_path, 1234).tags[BYTES_TAG] == "1234"


def test_a_small_upload_is_asked_for_in_one_pod_that_has_room_for_all_steps(tmp_path: Path) -> None:
    request = asked(tmp_path, 1000, executor="k8s", one_pod_bytes=1000)
    assert request.run_config == IN_ONE_POD
    assert len(request.tags[POD]) < 2000  # Postgres refuses a tag above 2.6 kB
    config = json.loads(request.tags[POD])
    assert config["container_config"]["resources"]["requests"]["memory"] == "6Gi"
    assert config["pod_spec_config"]["volumes"][0]["emptyDir"] == {"sizeLimit": "2Gi"}
    assert config["pod_spec_config"]["priorityClassName"] == "media-pipeline-interactive"


@pytest.mark.parametrize(
    "settings", [{"executor": "k8s"}, {"executor": "k8s", "one_pod_bytes": 999}, {"one_pod_bytes": 1000}]
)
def test_else_nothing_is_said_of_pods(tmp_path: Path, settings: dict[str, Any]) -> None:
    request = asked(tmp_path, 1000, **settings)
    assert not request.run_config
    assert POD not in request.tags


def test_the_switch_is_one_that_the_executor_knows(tmp_path: Path) -> None:
    job = build(platform(tmp_path, executor="k8s")).resolve_job_def("process_upload")
    assert job.executor_def.name == "pods"
    assert dg.validate_run_config(job, {**IN_ONE_POD})
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.validate_run_config(job, {"execution": {"config": {"in_no_pod": True}}})
