"""The log of a run, as a deployment prints it."""

import json
from pathlib import Path

import pytest

from media_pipeline.application.register import register
from media_pipeline.definitions import build
from media_pipeline.defs.partitions import uploads
from media_pipeline_tests.instance import new_instance
from media_pipeline_tests.platform import platform

DEPLOYED = {"python_logs": {"managed_python_loggers": ["media_pipeline"], "python_log_level": "INFO"}}


def test_every_line_of_a_run_is_json_and_names_the_media_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    here = platform(tmp_path, log_format="json")
    (here.settings.inbox / "clip.mp4").write_bytes(b"no media")
    obj = here.store.head("uploads", "clip.mp4")
    job = register(obj, profile=here.profile, catalogue=here.catalogue, now=here.now())
    with new_instance(DEPLOYED) as instance:
        instance.add_dynamic_partitions(str(uploads.name), [job.media_id])
        run = build(here).resolve_job_def("process_upload")
        result = run.execute_in_process(instance=instance, partition_key=job.media_id, raise_on_error=False)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    started = [line for line in lines if line["event"] == "step started"]
    failed = [line for line in lines if line.get("event_type") == "STEP_FAILURE"]
    for (line,) in (started, failed):
        assert (line["media_id"], line["run_id"], line["step"]) == (job.media_id, result.run_id, "source")
    assert failed[0]["code"] == "NOT_MEDIA"
    assert "NOT_MEDIA" in failed[0]["exception"]
    assert {line["run_id"] for line in lines} == {result.run_id}
    assert not here.settings.log_file.exists()
