"""Names and metadata are data: whole runs over files whose names and tags attack every place they might land in."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.cli.process import Answer, process
from media_pipeline.definitions import build
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.job import JobState
from media_pipeline.domain.upload import StoredObject, received
from media_pipeline.infrastructure.sandbox import modes
from media_pipeline_tests import hostile
from media_pipeline_tests.builders import NOW
from media_pipeline_tests.fake_models import ScriptedEye, ScriptedRecogniser
from media_pipeline_tests.instance import new_instance
from media_pipeline_tests.platform import platform

NAMES = [
    "-i.mp4",
    "frame%03d.png",
    "concat:a|b.mp4",
    "EVILNAME; rm -rf $HOME `id` $(id) 'q' \"d\" \udcff.mp4",
    "EVILNAME\n#EXTM3U\r\nhttp:\\evil.mp4",
    "EVILNAME<script>alert(1)<%2Fscript>\u202egpj.exe",
    "EVILNAME" + "\u00e9" * 125,
]
KEYS = [
    "../../EVILNAME",
    "a/../../EVILNAME",
    "/EVILNAME",
    ".",
    "..",
    "EVILNAME/" * 200,
    "-EVILNAME",
    "EVILNAME\x00",
    "EVILNAME\ud800",
    " ",
    "CON",
]
MARKERS = ("EVILNAME", "alert(", "#EXTM3U", "evil", "%03d", "concat:", "\u202e", "$(id)")


@pytest.mark.parametrize("key", NAMES + KEYS)
def test_every_key_becomes_a_safe_id(key: str) -> None:
    upload = received(StoredObject("uploads", key, "e1", 1, NOW))
    assert re.fullmatch(r"[a-z0-9-]{12,100}", upload.media_id)
    assert re.fullmatch(r"[A-Za-z0-9-]{1,100}", upload.version)


@pytest.mark.slow
def test_names_and_metadata_reach_no_command_line_playlist_log_or_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two honest files with hostile names and tags, and a hostile one between them. Its number: bytes searched."""
    home, inbox = tmp_path / "home", tmp_path / "files"
    here = replace(platform(home), recogniser=ScriptedRecogniser(), eye=ScriptedEye([("cat", 0.9)]))
    inbox.mkdir()
    first = hostile.talkative(inbox / "a.mp4").rename(inbox / NAMES[4])
    second = hostile.talkative(inbox / "b.mkv").rename(inbox / NAMES[3])
    bad = inbox / NAMES[5]
    bad.write_bytes(hostile.lists(Path("/etc/passwd"), 1)["hls of a local file"])

    command_lines: list[str] = []
    real = modes.command

    def watched(*arguments: object, **options: object) -> modes.Confined:
        confined = real(*arguments, **options)  # type: ignore[arg-type]
        command_lines.extend(confined.argv)
        return confined

    monkeypatch.setattr(modes, "command", watched)
    answers = processed([first, bad, second], here)
    assert [a.state for a in answers] == [JobState.READY, JobState.REJECTED, JobState.READY]
    assert answers[1].error is not None
    assert answers[1].error["code"] == "FORMAT_NOT_ALLOWED"

    assert len(command_lines) > 100
    assert not [word for word in command_lines if any(m in word for m in MARKERS)]
    searched = 0
    for path in files(here.settings.media_dir):
        data = path.read_bytes()
        searched += len(data)
        found = [mark for mark in (*hostile.TELLTALES, b"root:", b"EVILNAME") if mark in data]
        assert not found or path.parent.name == "results", (path, found)
        assert all(ord(c) < 128 for c in str(path.relative_to(tmp_path))), path
    print(f"searched {searched:,} bytes of outputs and {len(command_lines):,} words of command lines")  # noqa: T201
    assert searched > 100_000
    for line in here.settings.log_file.read_text().splitlines():
        assert isinstance(json.loads(line), dict)
        assert not any(mark.decode() in line for mark in hostile.TELLTALES)
    assert not any(here.settings.scratch_dir.iterdir())


def processed(paths: list[Path], here: Platform) -> list[Answer]:
    graph = build(here).resolve_job_def("process_upload")
    with new_instance() as instance:
        return [
            process(
                path, here.recipes.profiles["fast"], platform=here, graph=graph, instance=instance, watch=lambda _: None
            )
            for path in paths
        ]


def files(directory: Path) -> list[Path]:
    return [Path(at, name) for at, _, names in os.walk(directory) for name in names]
