"""The example in Python, as its users run it."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from media_pipeline_tests.developing import Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SCRIPT = Path(__file__).parents[2] / "examples" / "python" / "upload.py"


def run(running: Running, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, env=running.environment, capture_output=True, text=True, check=False, timeout=400)


def test_an_upload_that_was_broken_off_goes_on_until_it_can_be_watched(running: Running, clip: Path) -> None:
    headers = {"Authorization": f"Bearer {running.key}"}
    body = {"filename": clip.name, "size": clip.stat().st_size}
    begun = httpx.post(f"{running.url}/v1/uploads", json=body, headers=headers).json()
    first = begun["parts"][0]
    httpx.put(first["url"], content=clip.read_bytes()[: first["size"]], headers=first["headers"]).raise_for_status()
    done = run(running, str(clip), "--resume", begun["id"])
    assert done.returncode == 0, done.stderr
    assert f"arrived 1 of {begun['part_count']} parts" in done.stderr
    assert "arrived 0 of" not in done.stderr
    assert httpx.get(done.stdout.strip()).text.startswith("#EXTM3U")


def test_what_is_refused_says_why(running: Running, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no media" * 1000)
    refused = run(running, str(text))
    assert refused.returncode == 1
    assert "rejected: " in refused.stderr
    unknown = run(running, str(text), "--resume", "unknown")
    assert (unknown.returncode, unknown.stderr) == (1, "not-found: There is no such upload.\n")
