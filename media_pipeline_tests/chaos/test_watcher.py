"""The watcher names whatever a player could see that must never be seen, and says when it saw nothing itself."""

from dataclasses import replace

import pytest

from media_pipeline.domain import keys
from media_pipeline_tests.chaos.right import UPLOAD, VIDEO, Right, manifest
from media_pipeline_tests.chaos.watcher import Watcher, watching

ID = UPLOAD.media_id


def watched(right: Right) -> Watcher:
    return Watcher(right.shelf, right.newer, lambda: [ID])


def test_revisions_that_rise_are_right() -> None:
    right = Right()
    watcher = watched(right)
    for revision in (1, 2, 4):
        right.publish(manifest(revision=revision))
        watcher.look()
        watcher.look()
    assert watcher.violations == []
    assert set(watcher.seen[ID]) == {1, 2, 4}


@pytest.mark.parametrize("again", [3, 2])
def test_a_revision_that_falls_or_is_published_twice_is_named(again: int) -> None:
    right = Right()
    watcher = watched(right)
    for revision in (3, again):
        right.publish(manifest(revision=revision, duration_seconds=float(revision)))
        watcher.look()
    assert watcher.violations == [f"{ID}: revision {again} came after 3"]


def test_a_manifest_of_two_versions_is_named() -> None:
    right = Right()
    other = "aaaaaaaaaaaa/thumbnails/c3/poster.jpg"
    right.write(f"{ID}/{other}", "")
    right.publish(manifest(poster=other))
    watcher = watched(right)
    watcher.look()
    assert watcher.violations == [f"{ID} revision 1: names ['{ID}/{other}'] of another version"]


def test_a_name_of_nothing_is_named() -> None:
    right = Right()
    right.store.delete("media", [VIDEO])
    watcher = watched(right)
    watcher.look()
    assert watcher.violations == [f"{ID} revision 1: names ['{VIDEO}'], which are not there"]


def test_a_torn_manifest_is_named() -> None:
    right = Right()
    right.write(keys.manifest(ID), '{"schema_version": "1.0"')
    watcher = watched(right)
    watcher.look()
    assert len(watcher.violations) == 1
    assert watcher.violations[0].startswith(f"{ID}: a manifest that is none")


def test_a_watcher_that_saw_no_more_ends_the_storm() -> None:
    def gone(key: str, than: str) -> tuple[bytes, str] | None:
        raise ConnectionError(key)

    with (
        pytest.raises(RuntimeError, match="the watcher saw no more"),
        watching(replace(watched(Right()), newer=gone)) as watcher,
    ):
        watcher.over.wait(10)
