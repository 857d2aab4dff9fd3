from dataclasses import replace

import pytest

from media_pipeline.application import reuse
from media_pipeline.application.outputs import Shelf
from media_pipeline.application.reuse import Shelves
from media_pipeline.domain import keys
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.job import SOURCE_DELETED, JobState
from media_pipeline.domain.profile import fingerprint
from media_pipeline.domain.results import (
    AudioTracks,
    Made,
    NotMade,
    Rendition,
    Source,
    Stream,
    Subtitles,
    SubtitleTrack,
    Tags,
    Thumbnails,
)
from media_pipeline.domain.upload import Upload, version_id
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.results import JsonResults
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryStore

RECIPES = recipes.load()
PROFILE = RECIPES.profiles["fast"]
RUNGS = list(PROFILE.rungs)
GOP = RECIPES.stream[PROFILE.stream].gop_seconds
NOTE = "ffmpeg 9, copied from the same content"


def by(*recipe: object) -> Made:
    return Made(fingerprint(*recipe), "ffmpeg 9", None, 12.0)


class World:
    """A catalogue and a bucket in which one media is made whole."""

    def __init__(self) -> None:
        self.store, self.catalogue = MemoryStore(), MemoryCatalogue()
        self.results = JsonResults(self.store, "media")
        self.among = Shelves(self.results, Shelf(self.store, "media"), self.catalogue, RECIPES)
        self.first = self.admitted("first.mp4")
        self.make(self.first)

    def admitted(
        self, key: str, *, etag: str = "e1", sha256: str = "aa", tenant: str = "default", profile: str = "fast"
    ) -> Source:
        job = self.catalogue.register(
            a.upload(key, etag), title=key, tenant=tenant, profile=profile, tasks=["source"], at=a.NOW
        )
        of = replace(a.upload(key, etag), version=job.version)
        source = replace(a.source(of, profile), sha256=sha256)
        self.results.save(of, "source", source)
        self.catalogue.content(job.media_id, job.version, sha256)
        return source

    def file(self, of: Upload, stage: str, name: str) -> str:
        key = keys.output(of.media_id, of.version, stage, "x1", name)
        self.store.write("media", key, name.encode(), content_type="video/mp4")
        return key

    def make(self, source: Source) -> None:
        of = source.upload
        for name in RUNGS:
            rung = a.rendition(name, key=self.file(of, "renditions", f"{name}.mp4"), made=by(RECIPES.rungs[name], GOP))
            self.results.save(of, f"transcodes/{name}", rung)
        sound = a.tracks(key=self.file(of, "renditions", "audio-0.mp4"))
        self.results.save(of, "audio", replace(sound, made=by(RECIPES.audio[PROFILE.audio])))
        beside = [self.file(of, "stream", n) for n in ("master.m3u8", "manifest.mpd", "video.mp4")]
        packaged = tuple(replace(a.stream().renditions[0], name=name) for name in RUNGS)
        stream = replace(a.stream(), hls=beside[0], dash=beside[1], renditions=packaged)
        self.results.save(of, "stream", replace(stream, made=by(RECIPES.stream[PROFILE.stream])))
        assert PROFILE.thumbnails
        assert PROFILE.tags
        names = [self.file(of, "thumbnails", n) for n in ("poster.jpg", "s.vtt", "s-0.jpg", "p.webp")]
        shown = Thumbnails(
            names[0], 2.0, names[1], (names[2],), 5, names[3], by(RECIPES.thumbnails[PROFILE.thumbnails])
        )
        self.results.save(of, "thumbnails", shown)
        self.results.save(of, "ai_tags", replace(a.tags(), made=by(RECIPES.vision[PROFILE.tags])))

    def ladder(self, source: Source) -> dict[str, Rendition]:
        made = reuse.ladder(source, [*RUNGS, "audio"], among=self.among)
        if made is None:
            return {}
        assert isinstance(made.audio, AudioTracks)
        self.results.save(source.upload, "audio", made.audio)
        rungs = {name: r for name, r in made.renditions.items() if isinstance(r, Rendition)}
        for name, rung in rungs.items():
            self.results.save(source.upload, f"transcodes/{name}", rung)
        return rungs

    def stream(self, source: Source) -> Stream | None:
        found = [self.results.load(source.upload, f"transcodes/{n}", Rendition) for n in RUNGS]
        rungs = [r for r in found if isinstance(r, Rendition)]
        audio = self.results.load(source.upload, "audio", AudioTracks)
        return reuse.stream(source, rungs, audio, among=self.among)

    def owned(self, of: Upload) -> list[str]:
        prefix = keys.version_prefix(of.media_id, of.version)
        found = [o.key.removeprefix(prefix) for o in self.store.list("media", prefix)]
        return [key for key in found if not key.startswith("results/")]


@pytest.fixture
def world() -> World:
    return World()


def test_the_same_content_under_another_key_is_copied_whole_and_says_so(world: World) -> None:
    second = world.admitted("second.mp4", etag="e2")
    rungs = world.ladder(second)
    stream = world.stream(second)
    thumbnails = reuse.result("thumbnails", Thumbnails, second, among=world.among)
    tags = reuse.result("ai_tags", Tags, second, among=world.among)
    assert list(rungs) == RUNGS
    assert stream
    assert thumbnails
    assert tags
    named = [r.key for r in rungs.values()] + [
        stream.hls,
        stream.dash,
        thumbnails.poster,
        *thumbnails.storyboard_images,
    ]
    mine = keys.version_prefix(second.upload.media_id, second.upload.version)
    assert all(key.startswith(mine) and world.store.head("media", key) for key in named)
    assert {made.tool for made in (rungs[RUNGS[0]].made, stream.made, thumbnails.made, tags.made)} == {NOTE}
    assert max(made.seconds for made in (rungs[RUNGS[0]].made, stream.made)) < 12
    assert len(world.owned(second.upload)) == len(world.owned(world.first.upload))


def test_what_lies_beside_a_playlist_comes_along(world: World) -> None:
    second = world.admitted("second.mp4")
    world.ladder(second)
    stream = world.stream(second)
    assert stream
    assert world.store.read("media", stream.hls.replace("master.m3u8", "video.mp4"))[0] == b"video.mp4"


def test_deleting_one_leaves_the_other(world: World) -> None:
    second = world.admitted("second.mp4")
    rungs = world.ladder(second)
    world.among.shelf.withdraw(world.first.upload)
    assert all(world.store.read("media", r.key)[0] == f"{n}.mp4".encode() for n, r in rungs.items())


def test_a_copy_of_a_copy_says_it_once(world: World) -> None:
    world.ladder(world.admitted("second.mp4"))
    world.catalogue.move(world.first.upload.media_id, world.first.upload.version, JobState.REMOVED, at=a.NOW)
    (rung, *_) = world.ladder(world.admitted("third.mp4")).values()
    assert rung.made.tool == NOTE


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"sha256": "bb"}, id="other bytes"),
        pytest.param({"tenant": "somebody else"}, id="another tenant"),
        pytest.param({"profile": "default"}, id="another profile"),
    ],
)
def test_what_is_not_the_same_is_not_copied(world: World, other: dict[str, str]) -> None:
    second = world.admitted("second.mp4", **other)
    assert world.ladder(second) == {}
    assert reuse.result("ai_tags", Tags, second, among=world.among) is None
    assert world.owned(second.upload) == []


def test_what_another_recipe_made_is_made_anew(world: World) -> None:
    name = RUNGS[-1]
    changed = replace(RECIPES, rungs={**RECIPES.rungs, name: replace(RECIPES.rungs[name], crf=40)})
    among = replace(world.among, recipes=changed)
    assert reuse.ladder(world.admitted("second.mp4"), [*RUNGS, "audio"], among=among) is None


def test_a_ladder_of_which_a_rung_is_missing_is_made_anew_as_one(world: World) -> None:
    world.results.save(world.first.upload, f"transcodes/{RUNGS[-1]}", NotMade("no"))
    assert world.ladder(world.admitted("second.mp4")) == {}


def test_outputs_that_are_gone_are_made_anew(world: World) -> None:
    gone = world.results.load(world.first.upload, f"transcodes/{RUNGS[0]}", Rendition)
    assert isinstance(gone, Rendition)
    world.store.delete("media", [gone.key])
    second = world.admitted("second.mp4")
    assert world.ladder(second) == {}
    assert world.owned(second.upload) == []


def test_what_is_withdrawn_is_not_copied(world: World) -> None:
    of = world.first.upload
    world.catalogue.move(of.media_id, of.version, JobState.REMOVED, failure=SOURCE_DELETED, at=a.NOW)
    assert world.ladder(world.admitted("second.mp4")) == {}


def test_a_stream_is_copied_only_beside_the_ladder_it_was_packaged_from(world: World) -> None:
    second = world.admitted("second.mp4")
    (first, *_) = world.ladder(second).values()
    world.results.save(second.upload, f"transcodes/{first.rung}", replace(first, bytes=first.bytes + 1))
    assert world.stream(second) is None


def test_a_store_that_fails_half_way_leaves_no_copy(world: World) -> None:
    second = world.admitted("second.mp4")
    copy, done = world.store.copy, 0

    def failing(bucket: str, key: str, to: str, *, content_type: str) -> None:
        nonlocal done
        done += 1
        if done == 3:
            raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The object store does not answer.")
        copy(bucket, key, to, content_type=content_type)

    world.store.copy = failing  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        world.ladder(second)
    assert world.owned(second.upload) == []


def test_bytes_that_are_back_have_their_results_and_what_a_person_set_again(world: World) -> None:
    of = world.first.upload
    vtt, srt, dash = (world.file(of, "human", f"t.{name}") for name in ("vtt", "srt", "mpd"))
    edit = SubtitleTrack("de", "subtitles", "human", vtt, srt, None, dash, 1, 2.0)
    world.results.save(of, "human/de-subtitles", edit)
    world.admitted("first.mp4", etag="e2", sha256="bb")
    back = world.admitted("first.mp4", etag="e1")
    assert back.upload.version == version_id("e1", 1) != of.version
    assert list(world.ladder(back)) == RUNGS
    for _ in range(2):
        reuse.edits(back, among=world.among)
        (again,) = world.results.load_all(back.upload, "human", SubtitleTrack)
        assert world.store.read("media", again.vtt)[0] == b"t.vtt"
        assert again.vtt.startswith(keys.version_prefix(of.media_id, back.upload.version))
    elsewhere = world.admitted("second.mp4")
    reuse.edits(elsewhere, among=world.among)
    assert world.results.load_all(elsewhere.upload, "human", SubtitleTrack) == []


@pytest.mark.parametrize(("mine", "theirs", "copied"), [("de", "de", True), ("de", "en", False), (None, "de", False)])
def test_subtitles_are_copied_where_the_same_language_was_listened_in(
    world: World, mine: str | None, theirs: str | None, copied: bool
) -> None:
    assert PROFILE.subtitles
    first = replace(world.admitted("theirs.mp4"), language=theirs)
    second = replace(world.admitted("mine.mp4"), language=mine)
    world.results.save(first.upload, "source", first)
    heard = [world.file(first.upload, "subtitles", n) for n in ("s.vtt", "s.srt", "words.json", "s.mpd")]
    track = replace(a.subtitles().track, vtt=heard[0], srt=heard[1], words=heard[2], dash=heard[3])
    made = replace(a.subtitles(), track=track, made=by(RECIPES.speech[PROFILE.subtitles]))
    world.results.save(first.upload, "subtitles", made)
    assert (reuse.result("subtitles", Subtitles, second, among=world.among) is not None) is copied
    assert reuse.result("ai_tags", Tags, second, among=world.among)  # what is seen has no language
