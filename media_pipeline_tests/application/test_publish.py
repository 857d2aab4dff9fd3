from dataclasses import replace
from typing import Any

import m3u8
import pytest

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.publish import publish, published
from media_pipeline.application.register import tasks
from media_pipeline.domain import keys
from media_pipeline.domain.errors import Conflict
from media_pipeline.domain.job import JobState
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.results import NotMade, Thumbnails
from media_pipeline.domain.search import Filter, query
from media_pipeline.domain.transcript import Cue, webvtt
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.results import JsonResults, ManifestJson
from media_pipeline_tests import builders as a
from media_pipeline_tests.domain.test_playlists import MASTER, MPD, TEXT_MPD
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryStore

RECIPES = recipes.load()
PROFILE = RECIPES.profiles["default"]


class World:
    """One upload that is being processed, over fakes."""

    def __init__(self) -> None:
        self.upload = a.upload()
        self.store = MemoryStore()
        self.catalogue = MemoryCatalogue()
        self.shelf = Shelf(self.store, "media")
        self.results = JsonResults(self.store, "media")
        self.catalogue.register(
            self.upload, title="clip", tenant="default", profile="default", tasks=tasks(PROFILE), at=a.NOW
        )
        self.catalogue.move(self.upload.media_id, self.upload.version, JobState.PROCESSING, at=a.NOW)

    def playable(self) -> "World":
        self.results.save(self.upload, "source", a.source(self.upload))
        self.results.save(self.upload, "transcodes/720p", a.rendition())
        self.results.save(self.upload, "transcodes/1080p", NotMade("adds nothing"))
        self.results.save(self.upload, "audio", a.tracks())
        self.results.save(self.upload, "stream", a.stream())
        for key, text in ((a.stream().hls, MASTER), (a.stream().dash, MPD)):
            self.store.write("media", key, text.encode(), content_type="text/plain")
        return self

    def subtitled(self) -> "World":
        self.store.write("media", a.subtitles().track.dash, TEXT_MPD.encode(), content_type="text/plain")
        spoken = webvtt([Cue(0, 2, ("Rock & roll", "till dawn"))])
        self.store.write("media", a.subtitles().track.vtt, spoken.encode(), content_type="text/vtt")
        self.results.save(self.upload, "subtitles", a.subtitles())
        return self

    def publish(self, **options: Any) -> Manifest | NotMade:
        return publish(
            self.upload, recipes=RECIPES, results=self.results, shelf=self.shelf, catalogue=self.catalogue,
            codec=ManifestJson(), now=lambda: a.NOW, **options,
        )  # fmt: skip

    def read(self, name: str) -> str:
        """A published file, as the manifest names it."""
        return self.store.read("media", f"{self.upload.media_id}/{name}")[0].decode()

    def state(self) -> JobState:
        return self.catalogue.job(self.upload.media_id).state


def made(manifest: Manifest | NotMade) -> Manifest:
    assert isinstance(manifest, Manifest)
    return manifest


def test_nothing_is_published_before_picture_and_sound_are_packaged() -> None:
    world = World()
    assert isinstance(world.publish(), NotMade)
    assert published(world.upload.media_id, shelf=world.shelf, codec=ManifestJson()) is None
    assert world.state() is JobState.PROCESSING


def test_the_first_revision_appears_when_picture_and_sound_play() -> None:
    world = World().playable()
    manifest = made(world.publish())
    assert manifest.revision == 1
    assert world.state() is JobState.PLAYABLE
    assert [r.name for r in manifest.renditions] == ["720p"]
    assert manifest.poster is None
    assert manifest.subtitles == ()
    assert world.read(str(manifest.hls)) == MASTER


def test_every_extra_adds_a_revision_and_the_last_makes_it_ready() -> None:
    world = World().playable()
    world.publish()
    world.results.save(world.upload, "thumbnails", a.thumbnails())
    assert made(world.publish()).revision == 2
    world.subtitled()
    assert made(world.publish()).revision == 3
    assert world.state() is JobState.PLAYABLE
    last = made(world.publish(complete=True))
    assert world.state() is JobState.READY
    assert last.poster is not None
    assert world.catalogue.job(world.upload.media_id).revision == last.revision == 3


def test_what_is_published_is_found_by_what_is_said_in_it() -> None:
    world = World().playable()
    world.publish()
    assert world.catalogue.jobs(Filter(text=query("roll dawn"))) == []
    world.subtitled().publish()
    (found,) = world.catalogue.jobs(Filter(text=query("clip roll dawn")))
    assert found.media_id == world.upload.media_id
    assert world.catalogue.jobs(Filter(text=query("amp"))) == []


def test_publishing_the_same_again_changes_nothing() -> None:
    world = World().playable()
    world.subtitled()
    first = made(world.publish())
    before = world.store.read("media", keys.manifest(world.upload.media_id))
    assert world.publish() == first
    assert world.store.read("media", keys.manifest(world.upload.media_id)) == before


def test_playlists_of_a_revision_with_subtitles_lead_to_files_that_are_there() -> None:
    world = World().playable()
    world.subtitled()
    manifest = made(world.publish())
    assert manifest.hls is not None
    folder = manifest.hls.rpartition("/")[0]
    master = m3u8.loads(world.read(manifest.hls))
    assert master.playlists[0].uri == "../../stream/b2/video-720p.m3u8"
    subtitles = next(m for m in master.media if m.type == "SUBTITLES")
    assert m3u8.loads(world.read(f"{folder}/{subtitles.uri}")).segments[0].uri == "../../subtitles/d4/subtitles.vtt"


def test_a_failed_extra_leaves_the_media_playable() -> None:
    world = World().playable()
    world.results.save(world.upload, "thumbnails", a.thumbnails())
    manifest = made(world.publish())
    assert manifest.tags == ()
    assert world.state() is JobState.PLAYABLE


def test_an_older_version_is_never_published_over_a_newer_one() -> None:
    world = World().playable()
    newer = a.upload(etag="e2")
    world.catalogue.register(
        newer, title="clip", tenant="default", profile="default", tasks=tasks(PROFILE), at=a.NOW.replace(hour=5)
    )
    with pytest.raises(Conflict):
        world.publish()
    assert published(world.upload.media_id, shelf=world.shelf, codec=ManifestJson()) is None


def test_a_race_for_the_next_revision_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World().playable()
    world.publish()
    world.results.save(world.upload, "thumbnails", a.thumbnails())
    write = world.store.write
    raced: list[bool] = []

    def beaten_once(bucket: str, key: str, data: bytes, **options: Any) -> str:
        if key.endswith("media.json") and not raced:
            raced.append(True)
            other = replace(ManifestJson().load(world.store.read(bucket, key)[0]), revision=7, warnings=("other",))
            write(bucket, key, ManifestJson().dump(other), content_type="application/json")
        return write(bucket, key, data, **options)

    monkeypatch.setattr(world.store, "write", beaten_once)
    assert made(world.publish()).revision == 8


def test_what_another_stage_made_meanwhile_is_never_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World().playable()
    world.publish()
    world.results.save(world.upload, "ai_tags", a.tags())
    read = world.store.read

    def overtaken(bucket: str, key: str) -> tuple[bytes, str]:
        if key.endswith("media.json") and world.results.load(world.upload, "thumbnails", Thumbnails) is None:
            world.results.save(world.upload, "thumbnails", a.thumbnails())
            world.publish()
        return read(bucket, key)

    monkeypatch.setattr(world.store, "read", overtaken)
    assert made(world.publish()).poster is not None


def test_two_that_write_one_revision_do_not_share_playlists(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World().playable().subtitled()
    write = world.store.write
    seen: list[Manifest] = []

    def beaten_once(bucket: str, key: str, data: bytes, **options: Any) -> str:
        if key.endswith("media.json") and not seen:
            seen.append(ManifestJson().load(data))
            seen.append(made(world.publish()))
        return write(bucket, key, data, **options)

    monkeypatch.setattr(world.store, "write", beaten_once)
    assert world.publish() == seen[1]
    assert seen[0].revision == seen[1].revision
    assert seen[0].hls != seen[1].hls


def test_checks_report_values_beside_their_limits() -> None:
    world = World().playable()
    checks = {c.name: c for c in made(world.publish()).checks}
    assert checks["audio:loudness_error_lu"].value == pytest.approx(0.2)
    assert checks["stream:rungs_out_of_step"].passed
    assert all(c.passed for c in checks.values())


def test_a_manifest_survives_its_json() -> None:
    world = World().playable()
    manifest = made(world.publish())
    assert ManifestJson().load(ManifestJson().dump(manifest)) == manifest
