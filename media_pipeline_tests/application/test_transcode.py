"""The ladder, its quality gate and the one retry, with the real encoder."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from media_pipeline.application.admit import admit
from media_pipeline.application.chunked import Chunking
from media_pipeline.application.register import register
from media_pipeline.application.transcode import Transcoded, transcode
from media_pipeline.domain import keys, quality
from media_pipeline.domain.admission import Limits
from media_pipeline.domain.chunks import Cutting
from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.domain.profile import QualityGate
from media_pipeline.domain.results import AudioTracks, Rendition
from media_pipeline.domain.upload import Upload
from media_pipeline.infrastructure.chunk_pool import ChunkPool
from media_pipeline.infrastructure.ffmpeg.commands import encoding
from media_pipeline.infrastructure.settings import FILES
from media_pipeline_tests import builders as a
from media_pipeline_tests import hostile, media
from media_pipeline_tests.platform import platform
from media_pipeline_tests.published import together

GATE = QualityGate("gate", 75, 60, passages=2, passage_seconds=0.4, retry_crf=-20, retry_bitrate=2.0)


def transcoded(
    home: Path, gate: QualityGate | None = None, clip: Path | None = None, chunking: Chunking | None = None
) -> Transcoded:
    here = platform(home)
    rungs = {"good": a.rung(180, "good"), "poor": a.rung(90, "poor", crf=48)}
    profile = replace(here.recipes.profiles["fast"], rungs=tuple(rungs), quality=gate.name if gate else None)
    recipes = replace(here.recipes, rungs=rungs, profiles={"fast": profile}, quality={"gate": gate} if gate else {})
    home.mkdir(exist_ok=True)
    clip = clip or media.clip(home / "a.mp4", 3, "320x180")
    obj = here.store.head(FILES, str(clip).lstrip("/"))
    job = register(obj, profile=profile, catalogue=here.catalogue, now=here.now())
    upload = Upload(job.media_id, job.version, job.bucket, job.key, job.etag, job.size)
    with here.scratch("admit") as scratch:
        source = admit(upload, profile, limits=Limits(), store=here.store, tool=here.tool, scratch=scratch)
    with here.scratch("transcode") as scratch:
        batches = transcode(
            source, ["good", "poor", "audio"], recipes=recipes, store=here.store, shelf=here.shelf, tool=here.tool,
            scratch=scratch, progress=lambda _: None, chunking=chunking,
        )  # fmt: skip
        made = together(batches)
    assert list(here.store.list(here.shelf.bucket, keys.chunks(job.media_id, job.version))) == []
    return made


def rung(made: Transcoded, name: str) -> Rendition:
    found = made.renditions[name]
    assert isinstance(found, Rendition)
    return found


@pytest.mark.slow
def test_a_rung_that_misses_its_gate_is_encoded_once_more_and_no_other_is(tmp_path: Path) -> None:
    made, plain = transcoded(tmp_path / "gated", GATE), transcoded(tmp_path / "plain", None)
    assert (rung(made, "good").tries, rung(made, "poor").tries) == (1, 2)
    assert rung(made, "good").bytes == pytest.approx(rung(plain, "good").bytes, rel=0.01)  # rate control is in threads
    assert rung(made, "poor").bytes > 2 * rung(plain, "poor").bytes
    likeness = rung(made, "poor").likeness
    assert likeness is not None
    assert likeness.vmaf_mean > 75
    assert (rung(plain, "poor").likeness, rung(plain, "poor").tries) == (None, 1)  # without a gate nothing is compared
    assert rung(made, "poor").frames == rung(plain, "poor").frames == 75
    assert rung(made, "poor").made.fingerprint == rung(plain, "poor").made.fingerprint


@pytest.mark.slow
def test_a_long_picture_is_encoded_in_parts_and_judged_as_a_whole(tmp_path: Path) -> None:
    clip = media.clip(tmp_path / "a.mp4", 8, "320x180")
    chunking = Chunking(Cutting(above_seconds=2, seconds=3), ChunkPool(2))
    parts = transcoded(tmp_path / "parts", GATE, clip, chunking)
    for name, tries in (("good", 1), ("poor", 2)):
        made = rung(parts, name)
        assert (made.tries, made.frames, made.keyframes, made.lost_seconds) == (tries, 200, (0.0, 2.0, 4.0, 6.0), 0.0)
        assert made.made.tool.endswith(", in 2 parts")
        assert made.likeness is not None
        assert made.likeness.vmaf_mean > 75
    assert isinstance(parts.audio, AudioTracks)
    assert [track.duration_seconds for track in parts.audio.tracks] == [pytest.approx(8, abs=0.05)]


@pytest.mark.slow
def test_what_misses_the_gate_twice_is_kept_and_its_check_fails(tmp_path: Path) -> None:
    made = transcoded(tmp_path, replace(GATE, retry_crf=-1, retry_bitrate=1.0))
    likeness = rung(made, "poor").likeness
    assert likeness is not None
    assert likeness.vmaf_mean < 75
    assert rung(made, "poor").tries == 2


BLACKENED = "drawbox=color=black:t=fill:enable='gte(t,2)'"
FROZEN = "loop=loop=75:size=1:start=50,trim=end_frame=150"
SLOW = pytest.mark.slow


def lost(home: Path, monkeypatch: pytest.MonkeyPatch, fault: str, *, tries: int) -> Transcoded:
    """A clip of which the first encodes show something else in the middle of their way."""
    clip = media.clip(home / "a.mp4", 6, "320x180")
    sound, left = encoding.encode, iter([True] * tries)

    def encode(*given: Any, **more: Any) -> list[str]:
        wrong = next(left, False)
        return [w.replace("fps=fps", f"{fault},fps=fps") if wrong else w for w in sound(*given, **more)]

    monkeypatch.setattr(encoding, "encode", encode)
    return transcoded(home / "home", clip=clip)


@pytest.mark.parametrize("fault", [pytest.param(BLACKENED, id="black"), pytest.param(FROZEN, id="frozen", marks=SLOW)])
@pytest.mark.slow
def test_a_rung_that_lost_its_picture_is_encoded_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    made = lost(tmp_path, monkeypatch, fault, tries=1)
    assert [(rung(made, n).tries, rung(made, n).lost_seconds) for n in ("good", "poor")] == [(2, 0.0)] * 2


@pytest.mark.slow
@pytest.mark.parametrize("fault", [BLACKENED, FROZEN], ids=["black", "frozen"])
def test_a_picture_that_is_lost_twice_fails_its_check_without_a_gate_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    made = lost(tmp_path, monkeypatch, fault, tries=2)
    for name in ("good", "poor"):
        checks = {c.name: c for c in quality.rendition(rung(made, name), a.source(), None)}
        assert rung(made, name).tries == 2
        assert not checks["lost_picture_seconds"].passed
        assert checks["lost_picture_seconds"].value >= 2


@pytest.mark.parametrize(
    "honest",
    [
        FROZEN,
        pytest.param(BLACKENED, marks=SLOW),
        pytest.param("drawbox=color=black:t=fill", marks=SLOW),
        pytest.param("loop=loop=150:size=1", marks=SLOW),
    ],
)
@pytest.mark.slow
def test_a_source_that_is_black_or_stands_still_itself_passes(tmp_path: Path, honest: str) -> None:
    clip = media.make(tmp_path / "a.mkv", *media.picture(6, "320x180"), "-vf", honest, "-t", "6", *media.h264())
    made = transcoded(tmp_path / "home", clip=clip)
    assert [(rung(made, n).tries, rung(made, n).lost_seconds) for n in ("good", "poor")] == [(1, 0.0)] * 2


NOISE = ("-c", "copy", "-map", "0", "-bsf:a:1", "noise=amount=1")


@pytest.mark.slow
def test_a_track_that_cannot_be_decoded_costs_itself_and_is_named(tmp_path: Path) -> None:
    two = media.make(
        tmp_path / "two.mkv", *media.picture(1, "320x180"), *media.tone(1), *media.tone(1), "-map", "0", "-map", "1",
        "-map", "2", *media.h264("-c:a", "aac"), "-metadata:s:a:1", "language=deu",
    )  # fmt: skip
    made = transcoded(tmp_path / "home", clip=media.make(tmp_path / "broken.mkv", "-i", str(two), *NOISE))
    assert isinstance(made.audio, AudioTracks)
    assert [track.language for track in made.audio.tracks] == ["und"]
    assert made.audio.warnings == ("Audio track 2 (de) cannot be decoded: it was not kept.",)
    assert rung(made, "good").frames == 25


def half_broken(to: Path, *arguments: str) -> Path:
    """Samples of which the second half is zeros; the index still promises them all."""
    data = media.make(to, *arguments, "-c:a", "alac").read_bytes()
    at = data.index(b"mdat") + 4
    length = int.from_bytes(data[at - 8 : at - 4]) - 8
    to.write_bytes(data[: at + length // 2] + bytes(length - length // 2) + data[at + length :])
    return to


def test_sound_alone_that_stops_decoding_half_way_is_cut_off(tmp_path: Path) -> None:
    with pytest.raises(BadMedia) as refused:
        transcoded(tmp_path / "home", clip=half_broken(tmp_path / "a.m4a", *media.tone(6)))
    assert refused.value.code is RejectionCode.TRUNCATED
    assert refused.value.message == "The file is cut off: 3 of 6 seconds could be decoded."


def test_a_picture_of_which_the_rest_is_too_large_to_decode_is_cut_off(tmp_path: Path) -> None:
    with pytest.raises(BadMedia) as refused:
        transcoded(tmp_path / "home", clip=hostile.growing_picture(tmp_path, side=60_000))
    assert refused.value.code is RejectionCode.TRUNCATED
