"""A standard source is its own top rung: what is copied, what is not, and what the rest of the ladder makes of it."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.application.admit import admit
from media_pipeline.application.outputs import Shelf, opened
from media_pipeline.application.package import package
from media_pipeline.application.passthrough import copied
from media_pipeline.application.transcode import Transcoded, deserved, transcode
from media_pipeline.domain import quality
from media_pipeline.domain.admission import Limits
from media_pipeline.domain.profile import Recipes
from media_pipeline.domain.results import AudioTracks, NotMade, Rendition, Source
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.local_disk import LocalDisk
from media_pipeline_tests import builders as a
from media_pipeline_tests import media
from media_pipeline_tests.published import MEDIA, UPLOADS, together

RUNGS = [
    a.rung(720, preset="ultrafast"),
    a.rung(360, max_bitrate=3_000_000, preset="ultrafast"),
    a.rung(180, preset="ultrafast"),
]
SERIAL = "SERIAL-12345"
HDR = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"


def known(**asked: object) -> Recipes:
    shipped = recipes.load()
    chosen = {"passthrough": True, "quality": None} | asked
    profile = replace(shipped.profiles["default"], rungs=tuple(r.name for r in RUNGS), **chosen)  # type: ignore[arg-type]
    return replace(shipped, rungs={r.name: r for r in RUNGS}, profiles={"default": profile})


class Bench:
    """A clip and what is needed to make something of it."""

    def __init__(self, root: Path, clip: Path) -> None:
        self.root, self.tool, self.packager = root, media.tool(), media.packager()
        self.store = LocalDisk({UPLOADS: clip.parent, MEDIA: root / MEDIA})
        self.upload = replace(a.upload(), bucket=UPLOADS, key=clip.name)
        self.upload = replace(self.upload, etag=self.store.head(UPLOADS, clip.name).etag)
        self.shelf = Shelf(self.store, MEDIA)

    def scratch(self, name: str) -> Path:
        path = self.root / f"{name}-{len(list(self.root.iterdir()))}"
        path.mkdir()
        return path

    def source(self, made: Recipes) -> Source:
        profile = made.profiles["default"]
        return admit(
            self.upload, profile, limits=Limits(), store=self.store, tool=self.tool, scratch=self.scratch("source")
        )

    def batches(self, made: Recipes, *wanted: str) -> tuple[Source, list[Transcoded]]:
        source = self.source(made)
        names = wanted or (*made.rungs, "audio")
        answers = transcode(
            source, names, recipes=made, store=self.store, shelf=self.shelf, tool=self.tool,
            scratch=self.scratch("transcodes"), progress=lambda _: None,
        )  # fmt: skip
        return source, list(answers)

    def top(self, made: Recipes | None = None) -> Rendition:
        top = together(self.batches(made or known(), "360p")[1]).renditions["360p"]
        assert isinstance(top, Rendition)
        return top

    def own(self, made: Recipes | None = None) -> bool:
        """Whether the source's own packets are a rung."""
        made = made or known()
        source = self.source(made)
        scratch = self.scratch("copy")
        with opened(source.upload, store=self.store, scratch=scratch) as path:
            answer = copied(
                path, source, deserved(source, made.profiles["default"], made), recipes=made, tool=self.tool,
                scratch=scratch, progress=lambda _: None,
            )  # fmt: skip
        return not isinstance(answer, NotMade)

    def file(self, made: Rendition) -> Path:
        return self.root / MEDIA / made.key


def clip(folder: Path, name: str = "clip.mp4", *more: str, rate: str = "25", gop: int = 50, seconds: float = 5) -> Path:
    """Standard: 360p, H.264 High, BT.709, a GOP of 2 s, B-frames; with a serial number in its messages."""
    (folder / UPLOADS).mkdir()
    (folder / "made").mkdir()
    # In a transport stream ffmpeg puts messages where they cut a picture off from its time.
    message = (
        "null" if name.endswith(".ts") else f"h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+{SERIAL}"
    )
    colour = ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"]
    return media.make(
        folder / UPLOADS / name, *media.picture(seconds, "640x360", rate), *media.tone(seconds), "-c:v", "libx264",
        "-preset", "superfast", "-bf", "2", "-pix_fmt", "yuv420p", "-g", str(gop), "-sc_threshold", "0", "-crf", "32",
        "-bsf:v", message, *colour, "-metadata", f"title={SERIAL}", "-c:a", "aac", *more,
    )  # fmt: skip


def bench(folder: Path, *arguments: str, **options: object) -> Bench:
    return Bench(folder / "made", clip(folder, *arguments, **options))  # type: ignore[arg-type]


def shown(path: Path) -> list[str]:
    """A checksum of every decoded frame, in the order of its time."""
    argv = [
        media.settings().ffmpeg_path, "-v", "error", "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough", "-f",
        "framemd5", "-",
    ]  # fmt: skip
    lines = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.split(",")[-1].strip() for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(
    ("name", "rate", "gop"),
    [
        ("clip.mp4", "25", 50),
        pytest.param("clip.mkv", "30000/1001", 58, marks=pytest.mark.slow),
        pytest.param("clip.ts", "24000/1001", 36, marks=pytest.mark.slow),
    ],
)
@pytest.mark.slow
def test_a_standard_source_is_its_own_top_rung_and_every_other_keeps_step(
    tmp_path: Path, name: str, rate: str, gop: int
) -> None:
    here = bench(tmp_path, name, rate=rate, gop=gop)
    source, batches = here.batches(known())
    skipped, first, rest = batches
    assert list(skipped.renditions) == ["720p"]
    assert isinstance(skipped.renditions["720p"], NotMade)
    assert first.plays
    assert (list(first.renditions), list(rest.renditions)) == (["360p"], ["180p"])
    made = together(batches)
    top, low = (made.renditions[n] for n in ("360p", "180p"))
    assert isinstance(top, Rendition)
    assert isinstance(low, Rendition)
    assert (top.passed_through, low.passed_through) == (True, False)
    assert top.made.tool.endswith(", passed through")
    assert shown(here.file(top)) == shown(here.root.parent / UPLOADS / name)
    assert top.keyframes == low.keyframes
    assert len(top.keyframes) > 2
    assert SERIAL.encode() not in here.file(top).read_bytes()
    assert isinstance(made.audio, AudioTracks)
    stream = package(
        source, [top, low], made.audio, recipes=known(), shelf=here.shelf, packager=here.packager, tool=here.tool,
        scratch=here.scratch("stream"),
    )  # fmt: skip
    checks = [
        *quality.stream(stream, [top, low], made.audio, known().stream["cmaf"]),
        *quality.rendition(top, source, None),
    ]
    assert [c for c in checks if not c.passed] == []
    assert stream.faults == ()


@pytest.mark.slow
def test_a_rung_made_alone_keeps_step_with_the_copy(tmp_path: Path) -> None:
    here = bench(tmp_path, gop=36)
    alone = together(here.batches(known(), "180p")[1]).renditions["180p"]
    assert isinstance(alone, Rendition)
    assert alone.keyframes == here.top().keyframes


@pytest.mark.slow
def test_a_profile_may_want_everything_encoded(tmp_path: Path) -> None:
    here = bench(tmp_path, seconds=3)
    assert here.own()
    assert not here.own(known(passthrough=False))


ODD_PACKETS = {
    "long GOP": (("clip.mp4", "-g", "200"), {"seconds": 9}),
    "open GOP": (("clip.mp4", "-x264-params", "open-gop=1:bframes=3:b-adapt=0"), {"seconds": 6}),
    "too many bits": (("clip.mp4", "-crf", "1"), {"seconds": 3}),
    "a gap": (("clip.mp4", "-vf", "select='not(eq(n,40))'", "-fps_mode", "vfr"), {"seconds": 3}),
}
ODD_FACTS = {  # what any probe tells, and `domain` judges
    "full range": (("clip.mp4", "-color_range", "pc", "-pix_fmt", "yuvj420p"), {"seconds": 3}),
    "4:2:2": (("clip.mp4", "-pix_fmt", "yuv422p", "-profile:v", "high422"), {"seconds": 3}),
    "pixels not square": (("clip.mp4", "-aspect", "4:3"), {"seconds": 3}),
    "HDR": (("clip.mp4", "-vf", HDR), {"seconds": 3}),
    "interlaced": (("clip.mp4", "-x264-params", "interlaced=1"), {"seconds": 3}),
    "HEVC": (("clip.mkv", "-c:v", "libx265", "-bsf:v", "null"), {"seconds": 3}),
}


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        *[pytest.param(*row, id=name) for name, row in ODD_PACKETS.items()],
        *[pytest.param(*row, id=name, marks=pytest.mark.slow) for name, row in ODD_FACTS.items()],
    ],
)
def test_what_is_not_standard_is_encoded(
    tmp_path: Path, arguments: tuple[str, ...], options: dict[str, object]
) -> None:
    assert not bench(tmp_path, *arguments, **options).own()


def test_a_source_that_decodes_with_errors_is_encoded(tmp_path: Path) -> None:
    path = clip(tmp_path)
    argv = [media.settings().ffprobe_path, "-v", "error", "-select_streams", "v", "-show_entries", "packet=pos,size",
            "-of", "json", str(path)]  # fmt: skip
    packets = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)["packets"]
    with path.open("r+b") as file:
        for packet in packets[20:24]:
            file.seek(int(packet["pos"]) + int(packet["size"]) // 3)
            file.write(b"\xff" * 40)
    assert not Bench(tmp_path / "made", path).own()


def test_two_pictures_glued_together_are_encoded(tmp_path: Path) -> None:
    """One set of parameters stands in the index, the other only in the stream."""
    one = clip(tmp_path, "one.ts", seconds=2)
    media.make(
        one.with_name("two.ts"),
        *media.picture(2, "640x360"),
        "-c:v",
        "libx264",
        "-bf",
        "0",
        "-g",
        "50",
        "-pix_fmt",
        "yuv420p",
    )
    listing = one.with_name("list.txt")
    listing.write_text("file one.ts\nfile two.ts\n")
    both = media.make(one.with_name("both.mp4"), "-f", "concat", "-i", str(listing), "-an", "-c", "copy")
    assert not Bench(tmp_path / "made", both).own()
