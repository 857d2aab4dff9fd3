"""The judge names each thing that is wrong, and nothing where all is right: what cannot fail proves nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from media_pipeline.domain import keys
from media_pipeline.domain.attempt import BUDGET, LOST
from media_pipeline.domain.job import JobState, TaskState
from media_pipeline.domain.run import RunState
from media_pipeline_tests import builders as a
from media_pipeline_tests.chaos.__main__ import ended
from media_pipeline_tests.chaos.judge import Sent, judged
from media_pipeline_tests.chaos.right import MASTER, RESULT, UPLOAD, VIDEO, WORDS, Right, manifest

PREFIX = keys.version_prefix(UPLOAD.media_id, UPLOAD.version)


def violations(right: Right, scratch: Path) -> list[str]:
    """Where the garbage collector finds nothing."""
    return list(judged(right.sent, right.stores, sweep=lambda delete: [], scratch=scratch))


def test_nothing_is_wrong_with_what_is_right(tmp_path: Path) -> None:
    assert violations(Right(), tmp_path) == []


def test_one_that_was_tried_often_enough_may_be_given_up(tmp_path: Path) -> None:
    right = Right()
    _tried(right, BUDGET)
    right.ended_otherwise(JobState.QUARANTINED)
    right.history.assets.clear()
    assert violations(right, tmp_path) == []


def _tried(right: Right, times: int) -> None:
    for _ in range(times):
        right.catalogue.begin(UPLOAD.media_id, UPLOAD.version, "stream", run_id="r1", at=a.NOW)
        right.catalogue.end(UPLOAD.media_id, UPLOAD.version, "stream", failure=LOST, at=a.NOW)


def _lost(right: Right) -> None:
    right.sent["other.mp4"] = Sent("e2", fit=True)


def _replaced_unseen(right: Right) -> None:
    right.sent[UPLOAD.key] = Sent("e2", fit=True)


def _processing(right: Right) -> None:
    right.end(JobState.QUEUED)
    right.end(JobState.PROCESSING)


def _rejected(right: Right) -> None:
    right.ended_otherwise(JobState.REJECTED)


def _poison_is_ready(right: Right) -> None:
    right.sent[UPLOAD.key] = Sent(UPLOAD.etag, fit=False)


def _given_up(right: Right) -> None:
    _tried(right, BUDGET - 1)
    right.ended_otherwise(JobState.QUARANTINED)


def _unpublished(right: Right) -> None:
    right.store.delete("media", [keys.manifest(UPLOAD.media_id)])


WRONG: list[tuple[Callable[[Right], object], str]] = [
    (_lost, "other.mp4 was never found"),
    (_replaced_unseen, "clip.mp4: its newest version was not found"),
    (_processing, "clip.mp4: processing, fit: True"),
    (_rejected, "clip.mp4: rejected, fit: True"),
    (_poison_is_ready, "clip.mp4: ready, fit: False"),
    (lambda r: r.tell("stream", TaskState.WAITING), "clip.mp4: ready with stream open"),
    (lambda r: r.tell("stream", TaskState.RUNNING), "clip.mp4: ready with stream open"),
    (lambda r: r.rerun({"state": RunState.UNDERWAY}), f"{UPLOAD.media_id}: a run goes on"),
    (lambda r: r.rerun({"state": RunState.QUEUED}), "clip.mp4: at its end, and a run goes on"),
    (lambda r: r.rerun({"state": RunState.FAILED}), "clip.mp4: ready, and its runs are ['failed']"),
    (lambda r: r.history.assets["r1"].remove("stream"), "clip.mp4: Dagster did not see ['stream']"),
    (_rejected, "clip.mp4: rejected, and Dagster saw its publication"),
    (_given_up, "clip.mp4: quarantined None after 2 tries and 1 runs"),
    (_unpublished, "clip.mp4: ready without a manifest"),
    (
        lambda r: r.publish(manifest(revision=2)),
        f"clip.mp4: shows {UPLOAD.version}/2; the catalogue says {UPLOAD.version}/1",
    ),
    (lambda r: r.write(f"{PREFIX}media.json", "{}"), f"a second manifest: {PREFIX}media.json"),
    (lambda r: r.write(f"{PREFIX}stream/a1/left.mp4", ""), f"an orphan: {PREFIX}stream/a1/left.mp4"),
    (lambda r: r.store.delete("media", [RESULT]), f"an orphan: {WORDS}"),
    (
        lambda r: r.write("gone-2tq4i6aygg6b/rnomjx365r6t/a.mp4", ""),
        "an orphan: gone-2tq4i6aygg6b/rnomjx365r6t/a.mp4",
    ),
    (lambda r: r.store.delete("media", [MASTER]), f"clip.mp4: names ['{MASTER}'], which are not there"),
    (lambda r: r.store.delete("media", [VIDEO]), f"clip.mp4: names ['{VIDEO}'], which are not there"),
]


@pytest.mark.parametrize(("wrong", "violation"), WRONG, ids=[violation for _, violation in WRONG])
def test_what_is_wrong_is_named(wrong: Callable[[Right], object], violation: str, tmp_path: Path) -> None:
    right = Right()
    wrong(right)
    assert violation in violations(right, tmp_path)


def test_what_is_left_in_scratch_is_named(tmp_path: Path) -> None:
    (tmp_path / "stream-1").mkdir()
    assert violations(Right(), tmp_path) == ["left in scratch: stream-1"]


def test_a_garbage_collector_that_is_never_done_is_named(tmp_path: Path) -> None:
    right = Right()
    found = list(judged(right.sent, right.stores, sweep=lambda delete: ["clip"], scratch=tmp_path))
    assert found == ["the garbage collector leaves something to itself: ['clip']"]


def test_the_command_ends_with_1_where_a_promise_was_not_kept_and_keeps_the_logs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "daemon.log"
    log.write_text("why")
    assert ended([], logs=[log], keep=tmp_path / "kept") == 0
    assert not (tmp_path / "kept").exists()
    assert ended(["an orphan: a.mp4"], logs=[log], keep=tmp_path / "kept") == 1
    assert (tmp_path / "kept" / "daemon.log").read_text() == "why"
    assert "violations: 1\n  an orphan: a.mp4" in capsys.readouterr().out
