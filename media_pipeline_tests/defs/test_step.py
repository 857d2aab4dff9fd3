"""Which tasks a run takes over."""

from pathlib import Path

import dagster as dg
import pytest

from media_pipeline.application.register import tasks
from media_pipeline.definitions import build
from media_pipeline.defs.step import asked
from media_pipeline_tests.platform import platform


def run(*assets: str, steps: list[str] | None = None) -> dg.DagsterRun:
    keys = frozenset(dg.AssetKey(a.split("/")) for a in assets)
    return dg.DagsterRun(job_name="process_upload", asset_selection=keys or None, step_keys_to_execute=steps)


@pytest.mark.parametrize(
    ("of", "wanted"),
    [
        (run("subtitles", "publication"), ["subtitles", "publication"]),
        (run(steps=["subtitles", "publication"]), ["subtitles", "publication"]),  # retried from where it failed
        (run("audio", "stream", steps=["transcodes"]), ["audio"]),
    ],
)
def test_a_run_takes_over_what_it_was_asked_for(tmp_path: Path, of: dg.DagsterRun, wanted: list[str]) -> None:
    assert asked(of, platform(tmp_path).profile) == wanted


def test_the_steps_of_the_whole_job_are_all_the_tasks(tmp_path: Path) -> None:
    here = platform(tmp_path)
    steps = [node.name for node in build(here).resolve_job_def("process_upload").nodes]
    assert asked(run(), here.profile) == asked(run(steps=steps), here.profile) == tasks(here.profile)
    for step in steps:
        assert asked(run(steps=[step]), here.profile)
