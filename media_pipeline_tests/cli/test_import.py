import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from media_pipeline.cli.main import app
from media_pipeline.domain.job import Origin
from media_pipeline_tests.platform import platform


def run(*args: str) -> Any:
    result = CliRunner().invoke(app, ["import", "--json", "--per-minute", "100000", *args])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.slow
def test_a_bucket_is_imported_by_one_command_after_a_dry_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_PIPELINE_HOME", str(tmp_path))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    here = platform(tmp_path)
    for name in ("a.mp4", "b.mp4", "c.part"):
        (here.settings.inbox / name).write_bytes(b"12345")
    said = run("--dry-run")
    assert (said["new"], said["new_bytes"], said["no_uploads"], said["dry_run"]) == (2, 10, 1, True)
    assert here.catalogue.jobs() == []
    assert run()["new"] == 2
    assert {(j.key, j.origin) for j in here.catalogue.jobs()} == {("a.mp4", Origin.IMPORT), ("b.mp4", Origin.IMPORT)}
    assert (run()["new"], run()["known"]) == (0, 2)
