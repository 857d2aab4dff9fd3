"""`media-pipeline metrics` as an operator starts it."""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-m", "media_pipeline.cli.main"]


@pytest.mark.slow
def test_it_serves_a_platform_that_is_new_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    environment = {**os.environ, "MEDIA_PIPELINE_HOME": str(tmp_path), "DAGSTER_HOME": str(tmp_path / "dagster")}
    with subprocess.Popen(
        [*PROGRAM, "metrics", "--port", "0"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "http://" in line)
        url = re.findall(r"http://\S+", said)[0]
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                text = answer.read().decode()
            process.terminate()
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
    assert 'media_pipeline_exporter_source_up{source="catalogue"} 1.0' in text
    assert 'media_pipeline_exporter_source_up{source="dagster"} 1.0' in text
    assert 'media_pipeline_jobs{state="ready"} 0.0' in text
    assert 'media_pipeline_daemon_heartbeat_age_seconds{daemon="sensor"} +Inf' in text
    assert "python_info" not in text
