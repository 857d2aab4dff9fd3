"""`media-pipeline dev` ends when it is told to, however it was started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

DAGSTER = "import os, time; os.write(1, b'up\\n'); time.sleep(600)"  # at once: two of them share the pipe
DEV = f"""
import signal, sys
from media_pipeline.cli import dev
from media_pipeline.infrastructure.settings import Settings
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for what it begins with &
sys.exit(dev.together([[sys.executable, "-c", {DAGSTER!r}]] * 2, Settings()))
"""


@pytest.mark.slow
def test_begun_in_the_background_by_a_script_it_still_ends_when_it_is_told_to(tmp_path: Path) -> None:
    environment = {**os.environ, "MEDIA_PIPELINE_HOME": str(tmp_path), "DAGSTER_HOME": str(tmp_path / "dagster")}
    with subprocess.Popen(
        [sys.executable, "-c", DEV], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert [process.stdout.readline() for _ in range(2)] == ["up\n"] * 2
            process.terminate()
            assert process.wait(timeout=30) != 0
        finally:
            process.kill()
