"""What a person set is published, and stays whatever the runs make."""

import json
from pathlib import Path

import m3u8
import pytest
from mpegdash.parser import MPEGDASHParser

from media_pipeline.application.edit_subtitles import edit_subtitles, withdraw_edit
from media_pipeline.application.embedded_subtitles import RESULT
from media_pipeline.domain.captions import BadSubtitles
from media_pipeline.domain.media import TextKind
from media_pipeline.domain.results import EmbeddedSubtitles, SubtitleTrack
from media_pipeline_tests import builders as a
from media_pipeline_tests.application.test_publish import World, made
from media_pipeline_tests.media import packager

FILE = b"WEBVTT\n\n00:01.000 --> 00:03.000\nI <b>never</b> said that.\n"


def edit(world: World, scratch: Path, file: bytes = FILE, language: str = "en", kind: TextKind = "subtitles") -> str:
    track = edit_subtitles(
        world.upload,
        file,
        language=language,
        kind=kind,
        results=world.results,
        shelf=world.shelf,
        packager=packager(),
        scratch=scratch,
    )
    return track.vtt


def shown(world: World) -> list[tuple[str, str]]:
    return [(t.language, t.origin) for t in made(world.publish()).subtitles]


def test_a_persons_track_is_published_in_the_place_of_what_was_heard(tmp_path: Path) -> None:
    world = World().playable()
    world.subtitled()
    assert shown(world) == [("en", "speech")]
    edit(world, tmp_path)
    manifest = made(world.publish())
    (track,) = manifest.subtitles
    assert (track.origin, track.kind, track.words) == ("human", "subtitles", None)
    assert world.read(track.vtt) == "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nI never said that.\n"
    assert "I never said that." in world.read(track.srt)
    assert manifest.revision == 2


def test_no_later_run_takes_it_back(tmp_path: Path) -> None:
    world = World().playable()
    edit(world, tmp_path)
    assert shown(world) == [("en", "human")]
    world.subtitled()  # heard again, and published as every stage does
    world.results.save(world.upload, RESULT, EmbeddedSubtitles((_german(world),), ("Subtitle track 2 …",), a.MADE))
    assert shown(world) == [("en", "human"), ("de", "embedded")]
    assert made(world.publish()).warnings == ("Subtitle track 2 …",)


def test_taken_back_what_was_heard_shows_again(tmp_path: Path) -> None:
    world = World().playable()
    world.subtitled()
    edit(world, tmp_path)
    assert withdraw_edit(world.upload, language="eng", kind="subtitles", results=world.results)
    assert shown(world) == [("en", "speech")]
    assert not withdraw_edit(world.upload, language="en", kind="subtitles", results=world.results)


def test_the_last_edit_counts_and_other_languages_stay(tmp_path: Path) -> None:
    world = World().playable()
    edit(world, tmp_path, language="deu")
    first = edit(world, tmp_path)
    second = edit(world, tmp_path, FILE.replace(b"never", b"always"))
    tracks = made(world.publish()).subtitles
    assert {t.language for t in tracks} == {"en", "de"}
    assert first != second
    assert "always" in world.read(next(t.vtt for t in tracks if t.language == "en"))


def test_both_playlists_name_every_track(tmp_path: Path) -> None:
    world = World().playable()
    world.subtitled()
    world.results.save(world.upload, RESULT, EmbeddedSubtitles((_german(world),), (), a.MADE))
    edit(world, tmp_path, kind="captions")
    manifest = made(world.publish())
    folder = str(manifest.hls).rpartition("/")[0]
    tracks = [m for m in m3u8.loads(world.read(str(manifest.hls))).media if m.type == "SUBTITLES"]
    assert [(t.language, t.name, t.default) for t in tracks] == [
        ("en", "English (CC)", "YES"), ("en", "English (automatic)", "NO"), ("de", "Deutsch", "NO"),
    ]  # fmt: skip
    files = [m3u8.loads(world.read(f"{folder}/{t.uri}")).segments[0].uri for t in tracks]
    assert len(set(files)) == 3
    mpd = MPEGDASHParser.parse(world.read(str(manifest.dash)))
    texts = [s for s in mpd.periods[0].adaptation_sets if s.content_type == "text"]
    assert [s.lang for s in texts] == ["en", "en", "de"]
    assert len({s.representations[0].id for s in texts}) == 3


@pytest.mark.parametrize(
    ("file", "language", "told"),
    [
        (b"\xff\xfe", "en", "not text in UTF-8"),
        (b"%PDF-1.7", "en", "holds no subtitles"),
        (FILE, "english", "is not a language tag"),
        (FILE, "../../x", "is not a language tag"),
        (b"WEBVTT\n\n10:00:00.000 --> 10:00:01.000\nlate\n", "en", "falls inside the media"),
        (b"x" * (8 * 1024 * 1024 + 1), "en", "larger than 8 MiB"),
    ],
)
def test_a_file_that_is_no_good_changes_nothing(tmp_path: Path, file: bytes, language: str, told: str) -> None:
    world = World().playable()
    before = set(world.store.objects)
    with pytest.raises(BadSubtitles, match=told):
        edit(world, tmp_path, file, language)
    assert set(world.store.objects) == before


def test_a_media_that_nobody_has_looked_at_has_no_length_to_check_against(tmp_path: Path) -> None:
    with pytest.raises(BadSubtitles, match="not been looked at yet"):
        edit(World(), tmp_path)


def test_results_of_people_are_kept_apart(tmp_path: Path) -> None:
    world = World().playable()
    edit(world, tmp_path)
    data = world.read(f"{world.upload.version}/results/human/en-subtitles.json")
    assert json.loads(data)["value"]["origin"] == "human"


def _german(world: World) -> SubtitleTrack:
    prefix = f"{world.upload.media_id}/{world.upload.version}/subtitles/e5"
    world.store.write("media", f"{prefix}/s.vtt", FILE, content_type="text/vtt")
    return SubtitleTrack(
        "de", "subtitles", "embedded", f"{prefix}/s.vtt", f"{prefix}/s.srt", None, a.subtitles().track.dash, 1, 2.0
    )
