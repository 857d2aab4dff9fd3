"""What nothing names goes, what anything names stays, and nothing of a live run is touched."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from media_pipeline.application.collect import collect
from media_pipeline.application.outputs import Shelf
from media_pipeline.domain import keys
from media_pipeline.domain.job import JobState, TaskState
from media_pipeline.domain.keys import owner
from media_pipeline.domain.run import Run, RunState
from media_pipeline.domain.upload import StoredObject
from media_pipeline.infrastructure.results import JsonResults
from media_pipeline.infrastructure.scratch import stale_scratch
from media_pipeline_tests import builders as a
from media_pipeline_tests.application.test_publish import World as Published
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryHistory

SOON = datetime.now(a.NOW.tzinfo) + timedelta(days=1)
VTT = b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"


class World(Published):
    """A published upload, all of whose objects are older than the time of grace."""

    def __init__(self) -> None:
        super().__init__()
        self.playable().subtitled()
        self.history = MemoryHistory()
        media = [a.rendition().key, a.tracks().tracks[0].key, a.thumbnails().poster]
        track = a.subtitles().track
        for key in [*media, track.srt, str(track.words)]:
            self.write(key)
        for name in self.segments:
            self.write(name)
        self.results.save(self.upload, "thumbnails", a.thumbnails())
        self.publish()
        for task in self.catalogue.job(self.upload.media_id).tasks:
            self.catalogue.task(self.upload.media_id, self.upload.version, task.name, TaskState.DONE, at=a.NOW)
        self.catalogue.move(self.upload.media_id, self.upload.version, JobState.READY, at=a.NOW)

    @property
    def prefix(self) -> str:
        return f"{self.upload.media_id}/{self.upload.version}"

    @property
    def segments(self) -> list[str]:
        return [f"{self.prefix}/stream/b2/{name}" for name in ("video-720p.m3u8", "v.mp4", "a.mp4")]

    @property
    def keys(self) -> set[str]:
        return {o.key for o in self.store.list("media")}

    def write(self, key: str, data: bytes = b"x") -> str:
        data = VTT if key.endswith(".vtt") else data
        self.store.write("media", key, data, content_type="text/plain")
        return key

    def collect(self, *, before: datetime = SOON, delete: bool = True) -> set[str]:
        swept = collect(
            shelf=Shelf(self.store, "media"), catalogue=self.catalogue, history=self.history, before=before,
            delete=delete,
        )  # fmt: skip
        return {o.key for each in swept for o in each.objects}


def superseded(world: World) -> str:
    """An attempt of a stage that another took the place of."""
    return world.write(f"{world.prefix}/renditions/a0/720p.mp4")


def test_what_the_manifest_names_through_playlists_or_results_stays_and_a_superseded_try_goes() -> None:
    world = World()
    before = world.keys
    old = superseded(world)
    stray = world.write(f"{world.prefix}/playlists/dead/master.m3u8", b"#EXTM3U")
    assert world.collect(delete=False) == {old, stray}
    assert world.keys == before | {old, stray}
    assert world.collect() == {old, stray}
    assert world.keys == before
    assert world.collect() == set()
    assert set(world.segments) <= before


def test_nothing_goes_within_the_time_of_grace() -> None:
    world = World()
    superseded(world)
    assert world.collect(before=a.NOW) == set()


def test_nothing_of_a_live_run_goes() -> None:
    world = World()
    superseded(world)
    for version in (world.upload.version, None):
        run = Run("run-1", "run-1", version, RunState.UNDERWAY, False, a.NOW, a.NOW)
        world.history.told[world.upload.media_id] = [run]
        assert world.collect() == set()
    world.history.told.clear()
    world.catalogue.task(world.upload.media_id, world.upload.version, "subtitles", TaskState.RUNNING, at=a.NOW)
    assert world.collect() == set()


def test_parts_of_a_picture_stay_while_it_is_encoded_and_go_when_nobody_is_at_it() -> None:
    world = World()
    part = world.write(keys.chunk(world.upload.media_id, world.upload.version, "0123456789abcdef", "v0.mp4"))
    run = Run("run-1", "run-1", world.upload.version, RunState.UNDERWAY, False, a.NOW, a.NOW)
    world.history.told[world.upload.media_id] = [run]
    assert world.collect() == set()
    world.history.told.clear()
    assert world.collect() == {part}


def test_a_version_goes_when_a_newer_one_is_published_and_a_persons_track_stays() -> None:
    world = World()
    edit = f"{world.prefix}/edits/e1/subtitles.vtt"
    world.write(edit)
    JsonResults(world.store, "media").save(
        world.upload, "human/en", replace(a.subtitles().track, vtt=edit, origin="human")
    )
    kept = {edit, *(o for o in world.keys if "/human/" in o), *(getattr(a.subtitles().track, n) for n in NAMES)}
    old, new = world.keys, a.upload(etag="e2")
    world.catalogue.register(new, title="", tenant="default", profile="default", tasks=["source"], at=a.NOW)
    assert world.collect() == set()  # the new one waits for its run, and the old one is what is out
    world.catalogue.move(new.media_id, new.version, JobState.PROCESSING, at=a.NOW)
    world.write(f"{new.media_id}/media.json", b'{"hls": "%s/stream/f1/master.m3u8"}' % new.version.encode())
    fresh = world.write(f"{new.media_id}/{new.version}/stream/f1/master.m3u8")
    assert world.collect() == {k for k in old if k.startswith(world.prefix)} - kept
    assert world.keys >= kept | {fresh}


NAMES = ("srt", "words", "dash")


def test_of_a_removed_media_nothing_stays() -> None:
    world = World()
    world.catalogue.move(world.upload.media_id, world.upload.version, JobState.REMOVED, at=a.NOW)
    gone = {k for k in world.keys if owner(k)}
    for task in world.catalogue.job(world.upload.media_id).tasks:
        world.catalogue.task(world.upload.media_id, world.upload.version, task.name, TaskState.SKIPPED, at=a.NOW)
    assert world.collect() == gone


def test_what_the_catalogue_does_not_know_is_left_alone() -> None:
    world = World()
    world.catalogue, before = MemoryCatalogue(), world.keys
    assert world.collect() == set()
    assert world.keys == before


@pytest.mark.parametrize(
    "key",
    [
        "dagster/storage/run/compute_logs/a.err",
        ".media-pipeline/lock",
        "readme.txt",
        "clip/notes/a.txt",
        "talks/presentation/clip.mp4",  # an upload, where uploads and outputs share a bucket
        "my-presentation/presentation/clip.mp4",
        "clip/media.json",
    ],
)
def test_what_is_not_of_our_making_is_never_touched(key: str) -> None:
    world = World()
    world.write(key)
    world.collect()
    assert key in world.keys


def test_the_order_in_which_a_store_lists_does_not_matter() -> None:
    world = World()
    other = a.upload("other.mp4")
    world.catalogue.register(other, title="", tenant="default", profile="default", tasks=[], at=a.NOW)
    world.catalogue.move(other.media_id, other.version, JobState.CANCELLED, at=a.NOW)
    before = world.keys
    strays = {world.write(f"{other.media_id}/{other.version}/stream/a/{n}.mp4") for n in range(9)}
    listing = world.store.list

    def mixed(bucket: str, prefix: str = "") -> Iterator[StoredObject]:
        return iter(sorted(listing(bucket, prefix), key=lambda o: o.key[::-1]))

    world.store.list = mixed  # type: ignore[method-assign]
    assert world.collect() == strays
    assert world.keys == before


def test_only_one_media_is_held_in_memory_at_a_time() -> None:
    world = World()
    for number in range(50):
        of = a.upload(f"clip-{number:02}.mp4")
        world.catalogue.register(of, title="", tenant="default", profile="default", tasks=[], at=a.NOW)
        world.catalogue.move(of.media_id, of.version, JobState.CANCELLED, at=a.NOW)
        world.write(f"{of.media_id}/{of.version}/stream/a/x.mp4")
    listed = 0

    def counting(bucket: str, prefix: str = "") -> Iterator[StoredObject]:
        nonlocal listed
        for each in listing(bucket, prefix):
            listed += not prefix
            yield each

    listing, world.store.list = world.store.list, counting  # type: ignore[method-assign]
    sweep = collect(
        shelf=Shelf(world.store, "media"), catalogue=world.catalogue, history=world.history, before=SOON, delete=True
    )
    for _, seen in zip(sweep, range(1, 51), strict=False):
        assert listed <= seen + 1


def test_scratch_that_a_killed_worker_left_goes_and_that_of_a_live_one_stays(tmp_path: Path) -> None:
    now = datetime.now(a.NOW.tzinfo)
    for name, age in (("dead", 3), ("live", 3), ("young", 0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part.mp4").write_bytes(b"12345")
        for path in (tmp_path / name / "part.mp4", tmp_path / name):
            os.utime(path, (now.timestamp() - age * 86400,) * 2)
    (tmp_path / "live" / "part.mp4").touch()
    before = now - timedelta(days=1)
    (found,) = stale_scratch(tmp_path, before=before, delete=False)
    assert (found.key, found.size) == ("dead", 5)
    list(stale_scratch(tmp_path, before=before, delete=True))
    assert {p.name for p in tmp_path.iterdir()} == {"live", "young"}
    assert list(stale_scratch(tmp_path / "none", before=before, delete=True)) == []


def test_scratch_in_which_files_come_and_go_is_somebodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "live").mkdir()
    monkeypatch.setattr(Path, "rglob", lambda self, pattern: iter([self / "gone.mp4"]))
    assert list(stale_scratch(tmp_path, before=SOON, delete=True)) == []
    assert (tmp_path / "live").is_dir()
