"""The right track is heard, by a real ffmpeg; the recogniser is the fake, which hears sound that comes and goes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.subtitles import subtitles
from media_pipeline.domain.errors import BadMedia, Cancelled, RejectionCode
from media_pipeline.domain.media import AudioStream, MediaInfo
from media_pipeline.domain.results import NotMade, Source, Subtitles
from media_pipeline.domain.upload import received
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.ffmpeg.tool import Ffmpeg
from media_pipeline_tests import builders as a
from media_pipeline_tests.fake_models import ScriptedRecogniser
from media_pipeline_tests.fakes import MemoryStore
from media_pipeline_tests.media import make, packager, tool

RECIPES = recipes.load()
SILENCE = "anullsrc=r=48000:cl=stereo:d=4"
STEADY = "sine=440:d=4,aformat=channel_layouts=stereo"
SPOKEN = "sine=440:d=4,volume='between(t,1,2)':eval=frame,aformat=channel_layouts=stereo"
LATER = "sine=440:d=4,volume='between(t,2.5,3.5)':eval=frame,aformat=channel_layouts=stereo"
UPSIDE_DOWN = f"{SPOKEN},pan=stereo|c0=c0|c1=-1*c0"


def clip(to: Path, *tracks: str, default: int = 0) -> Path:
    inputs = [word for track in tracks for word in ("-f", "lavfi", "-i", track)]
    maps = [word for i in range(len(tracks)) for word in ("-map", str(i))]
    marks = [w for i in range(len(tracks)) for w in (f"-disposition:{i}", "default" if i == default else "0")]
    return make(to, *inputs, *maps, *marks, "-c:a", "pcm_s16le")


def heard(
    path: Path,
    *,
    by: Ffmpeg | None = None,
    language: str | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[Subtitles | NotMade, MemoryStore]:
    store = MemoryStore()
    store.write("uploads", "clip", path.read_bytes(), content_type="video/x-matroska")
    scratch = path.parent / "scratch"
    scratch.mkdir()
    probe = scratch / "source"
    probe.write_bytes(path.read_bytes())
    info = tool().probe(probe)
    probe.unlink()
    source = Source(received(store.head("uploads", "clip")), "default", info, a.MADE, language=language)
    made = subtitles(
        source, recipes=RECIPES, store=store, shelf=Shelf(store, "media"), tool=by or tool(),
        recogniser=ScriptedRecogniser(), packager=packager(), scratch=scratch, progress=progress,
    )  # fmt: skip
    return made, store


def test_the_language_that_was_said_is_listened_in(tmp_path: Path) -> None:
    (tmp_path / "found").mkdir()
    found, _ = heard(clip(tmp_path / "found" / "clip.mkv", SPOKEN))
    said, _ = heard(clip(tmp_path / "clip.mkv", SPOKEN), language="pt-BR")
    assert isinstance(found, Subtitles)
    assert isinstance(said, Subtitles)
    assert (found.track.language, said.track.language, said.language_confidence) == ("en", "pt-BR", 1.0)


def starts_at(made: Subtitles | NotMade, store: MemoryStore) -> float:
    assert isinstance(made, Subtitles)
    assert made.track.words is not None
    return float(json.loads(store.read("media", made.track.words)[0])["words"][0]["start"])


@pytest.mark.parametrize(
    ("tracks", "default", "start"),
    [
        ((SPOKEN, LATER), 1, 2.5),
        ((LATER, SPOKEN, STEADY), 2, 2.5),
        pytest.param((SPOKEN, LATER), 0, 1.0, marks=pytest.mark.slow),
        pytest.param((SILENCE, SPOKEN, LATER), 0, 1.0, marks=pytest.mark.slow),
        pytest.param((STEADY, SILENCE, LATER), 0, 2.5, marks=pytest.mark.slow),
    ],
)
def test_the_default_track_is_heard_if_somebody_speaks_there_else_the_first_in_which_somebody_does(
    tmp_path: Path, tracks: tuple[str, ...], default: int, start: float
) -> None:
    told: list[float] = []
    made, store = heard(clip(tmp_path / "clip.mkv", *tracks, default=default), progress=told.append)
    assert starts_at(made, store) == pytest.approx(start, abs=0.11)
    assert told == sorted(told)
    assert 0 < told[-1] <= 1


def test_nobody_speaks_in_any_track(tmp_path: Path) -> None:
    assert heard(clip(tmp_path / "clip.mkv", SILENCE, STEADY))[0] == NotMade("nobody speaks")


def test_stereo_of_which_one_side_is_upside_down_is_heard(tmp_path: Path) -> None:
    made, store = heard(clip(tmp_path / "clip.mkv", UPSIDE_DOWN))
    assert starts_at(made, store) == pytest.approx(1.0, abs=0.11)


class OneTrackBroken(Ffmpeg):
    """An ffmpeg for which the first track is damaged."""

    def speech(self, source: Path, info: MediaInfo, track: AudioStream, *, scratch: Path) -> Path:
        if track.index == 0:
            raise BadMedia(RejectionCode.UNREADABLE, "The file is damaged: it could not be decoded.")
        return super().speech(source, info, track, scratch=scratch)


def test_a_damaged_track_costs_itself_only(tmp_path: Path) -> None:
    broken = OneTrackBroken(tool().ffmpeg, tool().ffprobe)
    made, store = heard(clip(tmp_path / "clip.mkv", SPOKEN, LATER), by=broken)
    assert starts_at(made, store) == pytest.approx(2.5, abs=0.11)


def test_a_damaged_track_is_told_when_nobody_speaks_in_the_others(tmp_path: Path) -> None:
    broken = OneTrackBroken(tool().ffmpeg, tool().ffprobe)
    with pytest.raises(BadMedia):
        heard(clip(tmp_path / "clip.mkv", SPOKEN, SILENCE), by=broken)


def test_what_is_kept_agrees_with_itself(tmp_path: Path) -> None:
    made, store = heard(clip(tmp_path / "clip.mkv", SPOKEN))
    assert isinstance(made, Subtitles)
    track = made.track
    assert (track.language, track.kind, track.origin, made.word_count) == ("en", "subtitles", "speech", 4)
    assert store.read("media", track.vtt)[0].decode().startswith("WEBVTT\n\n00:00:0")
    assert "Ever tried. Ever failed." in store.read("media", track.srt)[0].decode()
    assert track.last_cue_end <= 4
    assert not [key for bucket, key in store.objects if bucket == "media" and "subtitles/" not in key]


def test_a_cancelled_job_stops_and_leaves_the_scratch_empty(tmp_path: Path) -> None:
    def cancel(_: float) -> None:
        raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled):
        heard(clip(tmp_path / "clip.mkv", SPOKEN), progress=cancel)
    assert not (tmp_path / "scratch" / "source").exists()
