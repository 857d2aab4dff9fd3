"""Text tracks of real files come out as tracks of their own, whatever their format, and harm nobody."""

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.application.embedded_subtitles import embedded_subtitles
from media_pipeline.application.outputs import Shelf
from media_pipeline.domain.errors import BadMedia, QuarantineCode, RejectionCode, Unavailable
from media_pipeline.domain.media import MediaInfo, TextStream
from media_pipeline.domain.results import EmbeddedSubtitles, NotMade, Source, SubtitleTrack
from media_pipeline.domain.transcript import Cue
from media_pipeline.domain.upload import received
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.ffmpeg.tool import Ffmpeg
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryStore
from media_pipeline_tests.media import make, packager, tone, tool, with_text

RECIPES = recipes.load()
SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\n<i>Tom</i> & {\\an8}Jerry<img src=x onerror=y>\n\n"
    "2\n00:00:03,000 --> 00:00:10,900\nto the \u202eend\n"
)
VTT = "WEBVTT\n\n00:01.000 --> 00:02.500\n<v Bob>Tom &amp; Jerry\n\n00:03.000 --> 00:10.900\nto the end\n"
ASS = """[Script Info]
ScriptType: v4.00+
[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,{\\p1}m 0 0 l 100 0 100 100 0 100{\\p0}
Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\pos(1,2)\\fnArial}Tom &\\hJerry{\\p2}m 0 0 b 9 9{\\p0}
Dialogue: 0,0:00:03.00,0:00:10.90,Default,,0,0,0,,to the{comment} end
"""
WHOLE = "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nTom &amp; Jerry\n\n00:00:03.000 --> 00:00:10.000\nto the end\n"


class World:
    """One file in a store."""

    def __init__(self, clip: Path) -> None:
        self.store = MemoryStore()
        self.store.write("uploads", "clip", clip.read_bytes(), content_type="video/mp4")
        self.scratch = clip.parent / "scratch"
        self.scratch.mkdir()
        self.upload = received(self.store.head("uploads", "clip"))

    def probed(self) -> MediaInfo:
        path = self.scratch / "source"
        self.store.fetch("uploads", "clip", path)
        info = tool().probe(path)
        path.unlink()
        return info

    def embedded(
        self, info: MediaInfo, by: Ffmpeg | None = None, profile: str = "default"
    ) -> EmbeddedSubtitles | NotMade:
        return embedded_subtitles(
            Source(self.upload, "default", info, a.MADE), recipes=RECIPES, store=self.store,
            shelf=Shelf(self.store, "media"), tool=by or tool(), packager=packager(), scratch=self.scratch,
        )  # fmt: skip

    def text(self, track: SubtitleTrack) -> str:
        return self.store.read("media", track.vtt)[0].decode()


def made(result: EmbeddedSubtitles | NotMade) -> EmbeddedSubtitles:
    assert isinstance(result, EmbeddedSubtitles)
    return result


@pytest.mark.parametrize(
    ("container", "name", "text", "codec"),
    [
        ("clip.mp4", "a.srt", SRT, "mov_text"),
        ("clip.mkv", "a.ass", ASS, "ass"),
        pytest.param("clip.mkv", "a.srt", SRT, "subrip", marks=pytest.mark.slow),
        pytest.param("clip.mkv", "a.vtt", VTT, "webvtt", marks=pytest.mark.slow),
    ],
)
def test_text_is_kept_clean_whatever_its_format(
    tmp_path: Path, container: str, name: str, text: str, codec: str
) -> None:
    world = World(with_text(tmp_path / container, [(name, text)], "-c:s", codec, "-metadata:s:s:0", "language=ger"))
    info = world.probed()
    assert [s.codec for s in info.text] == [codec]
    info = replace(info, duration_seconds=10.0)
    result = made(world.embedded(info))
    (track,) = result.tracks
    assert (track.language, track.kind, track.origin, track.cues) == ("de", "subtitles", "embedded", 2)
    assert world.text(track) == WHOLE
    assert track.last_cue_end == 10
    assert result.warnings == ()
    assert "ffmpeg" in result.made.tool


def test_every_track_is_kept_with_its_language_and_kind(tmp_path: Path) -> None:
    world = World(
        with_text(
            tmp_path / "clip.mkv", [("a.srt", SRT), ("b.srt", SRT), ("c.srt", SRT)], "-c:s", "subrip",
            "-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=fre",
            "-disposition:s:0", "hearing_impaired", "-disposition:s:1", "forced", "-disposition:s:2", "0",
        )
    )  # fmt: skip
    tracks = made(world.embedded(world.probed())).tracks
    assert [(t.language, t.kind) for t in tracks] == [("en", "captions"), ("fr", "forced"), ("und", "subtitles")]
    assert len({t.vtt for t in tracks}) == 3


def test_pictures_are_noted_and_do_not_stand_in_the_way(tmp_path: Path) -> None:
    pgs = tmp_path / "pictures.sup"
    pgs.write_bytes(b"".join(_pgs(at, kind, body) for at, kind, body in PGS))
    clip = with_text(tmp_path / "text.mkv", [("a.srt", SRT)], "-c:s", "subrip")
    both = make(
        tmp_path / "clip.mkv", "-i", str(clip), "-i", str(pgs), "-map", "0:v", "-map", "1", "-map", "0:s", "-c", "copy",
        "-metadata:s:s:0", "language=eng",
    )  # fmt: skip
    world = World(both)
    info = world.probed()
    assert [s.codec for s in info.text] == ["hdmv_pgs_subtitle", "subrip"]
    result = made(world.embedded(info))
    assert [t.cues for t in result.tracks] == [2]
    assert result.warnings == ("Subtitle track 1 (en) is pictures (PGS), not text: it was not kept.",)


def test_a_broken_and_an_empty_track_cost_themselves_only(tmp_path: Path) -> None:
    world = World(with_text(tmp_path / "clip.mkv", [("a.srt", SRT)], "-c:s", "subrip"))
    info = world.probed()
    good = info.text[0]
    broken = replace(good, index=7)  # ffmpeg finds no such stream
    result = made(world.embedded(replace(info, text=(broken, good))))
    assert [t.cues for t in result.tracks] == [2]
    assert result.warnings == ("Subtitle track 1 (und) is damaged: it was not kept.",)
    result = made(world.embedded(replace(info, duration_seconds=0.5)))
    assert (result.tracks, result.warnings) == ((), ("Subtitle track 1 (und) is empty: it was not kept.",))


@pytest.mark.slow
def test_a_bomb_of_text_costs_itself_only(tmp_path: Path) -> None:
    bomb = "".join(f"{i}\n00:00:0{i % 9},{i % 1000:03} --> 00:00:09,999\n{'x' * 5000}\n\n" for i in range(2000))
    world = World(with_text(tmp_path / "clip.mkv", [("bomb.srt", bomb), ("a.srt", SRT)], "-c:s", "subrip"))
    result = made(world.embedded(world.probed()))
    assert [t.cues for t in result.tracks] == [2]
    assert result.warnings == ("Subtitle track 1 (und) is damaged: it was not kept.",)


def test_trouble_of_ours_is_not_the_tracks(tmp_path: Path) -> None:
    class Full(Ffmpeg):
        def text(self, source: Path, info: MediaInfo, stream: TextStream, *, scratch: Path) -> list[Cue]:
            raise Unavailable(QuarantineCode.DISK_FULL, "The disk is full.")

    world = World(make(tmp_path / "clip.wav", *tone(1)))
    info = a.info(text=(TextStream(1, "subrip", "en"),))
    with pytest.raises(Unavailable):
        world.embedded(info, Full(tool().ffmpeg, tool().ffprobe))


def test_without_tracks_there_is_nothing_to_keep_and_the_file_is_not_opened(tmp_path: Path) -> None:
    world = World(make(tmp_path / "clip.wav", *tone(1)))
    world.store.delete("uploads", ["clip"])
    assert world.embedded(a.info()) == NotMade("the source has no subtitles of its own")


def test_a_source_that_is_gone_is_not_a_broken_track(tmp_path: Path) -> None:
    world = World(make(tmp_path / "clip.wav", *tone(1)))
    world.store.delete("uploads", ["clip"])
    with pytest.raises(BadMedia) as gone:
        world.embedded(a.info(text=(TextStream(1, "subrip", "en"),)))
    assert gone.value.code is RejectionCode.SOURCE_GONE


# The smallest Presentation Graphic Stream that a muxer takes: one screen without a picture, and its end.
PGS = [
    (0.0, 0x16, struct.pack(">HHBHBBBB", 64, 48, 0x10, 0, 0x80, 0, 0, 0)),
    (0.0, 0x80, b""),
    (2.0, 0x16, struct.pack(">HHBHBBBB", 64, 48, 0x10, 1, 0x80, 0, 0, 0)),
    (2.0, 0x80, b""),
]  # fmt: skip


def _pgs(at: float, kind: int, body: bytes) -> bytes:
    return b"PG" + struct.pack(">IIBH", int(at * 90000), 0, kind, len(body)) + body
