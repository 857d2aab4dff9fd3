"""The secret that signs addresses: one for all processes of a machine, and for nobody else to read."""

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from media_pipeline.infrastructure.signing_key import kept, signing_key

PROCESSES = 6


def test_what_is_given_is_taken(tmp_path: Path) -> None:
    assert signing_key("s" * 32, tmp_path) == b"s" * 32
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["", "s" * 31])
def test_what_is_too_short_is_no_secret(tmp_path: Path, given: str) -> None:
    with pytest.raises(ValueError, match="MEDIA_PIPELINE_SIGNING_KEY"):
        signing_key(given, tmp_path)


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = signing_key(None, tmp_path / "new")
    finally:
        os.umask(before)
    (file,) = (tmp_path / "new").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(made) >= 32
    assert signing_key(None, tmp_path / "new") == made
    assert signing_key(None, tmp_path / "other") != made


def _ask(file: Path, start: "multiprocessing.synchronize.Barrier", answers: "multiprocessing.Queue[str]") -> None:
    start.wait()
    answers.put(kept(file))


def test_processes_that_ask_at_once_have_the_same(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(PROCESSES), context.Queue()
    asking = [context.Process(target=_ask, args=(tmp_path / "key", start, answers)) for _ in range(PROCESSES)]
    for process in asking:
        process.start()
    told = {answers.get(timeout=30) for _ in asking}
    for process in asking:
        process.join()
    assert told == {kept(tmp_path / "key")}
    assert [file.name for file in tmp_path.iterdir()] == ["key"]
