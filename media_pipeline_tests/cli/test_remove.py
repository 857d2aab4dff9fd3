import json
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from media_pipeline.application.register import register
from media_pipeline.cli.main import app
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.errors import Conflict
from media_pipeline.domain.job import Job, JobState
from media_pipeline.infrastructure import dagster_engine
from media_pipeline.infrastructure.dagster_engine import VERSION_TAG, DagsterEngine, instance
from media_pipeline.infrastructure.settings import FILES
from media_pipeline_tests.instance import furnish
from media_pipeline_tests.platform import platform

CLI = CliRunner()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setenv("MEDIA_PIPELINE_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    furnish(tmp_path / "dagster")
    return platform(tmp_path)


@pytest.fixture
def job(here: Platform) -> Job:
    """An upload of which something was made by a run that is over."""
    (here.settings.inbox / "Jane.mp4").write_text("x")
    obj = here.store.head("uploads", "Jane.mp4")
    made = register(obj, profile=here.profile, catalogue=here.catalogue, now=here.now())
    here.store.write("media", f"{made.media_id}/{made.version}/stream/a1/x.mp4", b"12345", content_type="video/mp4")
    with instance(here.settings.dagster_home) as dagster:
        remember(dagster, made, dg.DagsterRunStatus.SUCCESS)
    return made


def remember(dagster: dg.DagsterInstance, job: Job, status: dg.DagsterRunStatus) -> None:
    dagster.add_dynamic_partitions(str(uploads.name), [job.media_id])
    tags = {"dagster/partition": job.media_id, VERSION_TAG: job.version}
    dagster.add_run(dg.DagsterRun(job_name="process_upload", status=status, tags=tags))


def test_nothing_is_erased_without_a_yes(here: Platform, job: Job) -> None:
    assert CLI.invoke(app, ["remove", job.media_id], input="n\n").exit_code != 0
    assert here.catalogue.job(job.media_id) == job


def test_an_erasure_prints_its_receipt_and_prints_it_again(here: Platform, job: Job) -> None:
    first = CLI.invoke(app, ["remove", job.media_id], input="y\n")
    assert first.exit_code == 0, first.output
    receipt = json.loads(first.stdout.splitlines()[-1])
    assert {k: receipt[k] for k in ("media_id", "versions", "objects", "bytes", "runs", "source_deleted")} == {
        "media_id": job.media_id, "versions": 1, "objects": 1, "bytes": 5, "runs": 1, "source_deleted": False
    }  # fmt: skip
    again = CLI.invoke(app, ["remove", job.media_id, "--yes", "--with-source"])
    assert json.loads(again.stdout) == receipt
    assert (here.settings.inbox / "Jane.mp4").exists()
    status = json.loads(CLI.invoke(app, ["status", job.media_id, "--json"]).stdout)
    assert (status["state"], status["error"]["code"], status["published"]) == ("removed", "ERASED", None)
    with instance(here.settings.dagster_home) as dagster:
        assert dagster.get_runs() == []
        assert dagster.get_dynamic_partitions(str(uploads.name)) == []


def test_the_source_goes_along_if_asked(here: Platform, job: Job) -> None:
    done = CLI.invoke(app, ["remove", job.media_id, "--yes", "--with-source"])
    assert json.loads(done.stdout)["source_deleted"]
    assert not (here.settings.inbox / "Jane.mp4").exists()


def test_a_file_of_this_machine_is_not_ours_to_delete(here: Platform, tmp_path: Path) -> None:
    clip = tmp_path / "mine.mp4"
    clip.write_text("x")
    obj = here.store.head(FILES, str(clip).lstrip("/"))
    mine = register(obj, profile=here.profile, catalogue=here.catalogue, now=here.now())
    assert CLI.invoke(app, ["remove", mine.media_id, "--yes", "--with-source"]).exit_code == 64
    assert CLI.invoke(app, ["remove", mine.media_id, "--yes"]).exit_code == 0
    assert clip.exists()


def test_nobody_is_erased_who_is_not_there(here: Platform) -> None:
    assert CLI.invoke(app, ["remove", "nobody", "--yes"]).exit_code == 1


class Patient(DagsterEngine):
    """An engine whose workers take their time to end."""

    def stop(self, run_id: str) -> None:
        pass


def test_a_run_that_does_not_end_holds_the_erasure_up_and_a_lost_worker_does_not(
    here: Platform, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dagster_engine, "_ENDING_SECONDS", 0)
    with instance(here.settings.dagster_home) as dagster:
        remember(dagster, job, dg.DagsterRunStatus.STARTED)
        with pytest.raises(Conflict, match="still ending"):
            Patient(dagster).forget(job.media_id)
        assert len(dagster.get_runs()) == 2
        assert DagsterEngine(dagster).forget(job.media_id) == 2
        assert dagster.get_runs() == []
    assert here.catalogue.job(job.media_id).state is JobState.QUEUED
