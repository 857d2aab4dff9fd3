"""Odd inputs: each a line of ffmpeg or a few changed bytes, with what is expected of it."""

import gzip
import shlex
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from media_pipeline.domain.errors import RejectionCode
from media_pipeline_tests import media

PATCHES = ("ff0000", "00ff00", "0000ff", "ffffff")
"""left and right above, left and right below"""


@dataclass(frozen=True)
class Odd:
    """One odd input: `recipe` is ffmpeg's arguments, with inputs named in braces. None: not looked at."""

    name: str
    recipe: str | Callable[[Path], None]
    size: tuple[int, int] | None = (160, 90)
    """as displayed; None: no picture"""
    seconds: float | None = 1.0
    frames: int | None = 25
    rate: float | None = 25
    tracks: tuple[str, ...] = ("und",)
    """languages of the sound"""
    colours: tuple[str, ...] | None = PATCHES
    tolerance: int = 16
    interlaced: bool = False
    flashes: tuple[float, ...] = ()
    """seconds at which white frames and a beep are"""

    def make(self, directory: Path) -> Path:
        return made(directory / self.name, self.recipe)


@dataclass(frozen=True)
class Refused:
    """One that is refused."""

    name: str
    recipe: str | Callable[[Path], None]
    code: RejectionCode

    def make(self, directory: Path) -> Path:
        return made(directory / self.name, self.recipe)


def made(file: Path, recipe: str | Callable[[Path], None]) -> Path:
    if callable(recipe):
        recipe(file)
    else:
        media.make(file, *shlex.split(recipe.format(**INPUTS)))
    return file


def patches(seconds: float = 1, rate: str = "25", size: str = "160x90", pixels: str = "yuv420p") -> str:
    wide, high = (int(side) for side in size.split("x"))
    source = f"color=black:s={wide}x{high}:d={seconds}:r={rate},format=gbrp"
    boxes = [
        f"drawbox=x={wide * (i % 2) // 2}:y={high * (i // 2) // 2}:w={-(-wide // 2)}:h={-(-high // 2)}:c=0x{c}:t=fill"
        for i, c in enumerate(PATCHES)
    ]
    # A dot that moves keeps frames apart.
    dot = f"drawbox=x='mod(t*100,8)':y={high // 2}:w=1:h=1:c=black:t=fill"
    return f'-f lavfi -i "{",".join([source, *boxes, dot])},scale=out_color_matrix=bt601,format={pixels}"'


def tone(seconds: float = 1, layout: str = "stereo", hertz: int = 440) -> str:
    return f'-f lavfi -i "sine=f={hertz}:d={seconds}:r=48000,volume=4,aformat=channel_layouts={layout}"'


def flash(seconds: float = 2, every: float = 2, rate: str = "25") -> str:
    """White frames and a beep together, first after one second."""
    return (
        f'-f lavfi -i "color=black:s=160x90:d={seconds}:r={rate},'
        f"drawbox=c=white:t=fill:enable='between(mod(t,{every}),0.999,1.08)'\" "
        f"-f lavfi -i \"aevalsrc='0.5*sin(880*2*PI*t)*between(mod(t,{every}),1,1.08)':d={seconds}:s=48000:c=stereo\""
    )


def jumping(seconds: float, after: float = 2) -> Callable[[Path], None]:
    """The clock of all streams jumps."""
    return again(f"{flash(4)} {X264} -bf 0 -g 25 -c:a aac", f"-i {{it}} -c copy -bsf {later(seconds, after)}")


def later(seconds: float, after: float) -> str:
    """A bitstream filter that lets the clock jump."""
    return f'"setts=pts=PTS+gte(DTS*TB\\\\,{after})*{seconds}/TB:dts=DTS+gte(DTS*TB\\\\,{after})*{seconds}/TB"'


def hdr(transfer: str) -> str:
    """White at 203 cd/m², the reference; masters say no more than these tags."""
    return (
        f"{patches(pixels='gbrp')} -vf zscale=pin=709:tin=709:p=2020:t={transfer}:m=2020_ncl:npl=203,format=yuv420p10"
        f" -c:v libx265 -color_primaries bt2020 -color_trc {transfer} -colorspace bt2020nc -x265-params log-level=none"
    )


def discrete(channels: int, only: int) -> str:
    """Sound in one of many channels, without a layout."""
    words = "|".join("0.3*sin(440*2*PI*t)" if i == only else "0" for i in range(channels))
    return f"-f lavfi -i \"aevalsrc='{words}':d=1:s=48000\""


def mistagged(transfer: str, primaries: str, matrix: str, pixels: str = "yuv420p10", spread: str = "limited") -> str:
    """HDR like any other, with other tags: everything is lossless, so that no encoder corrects them."""
    given = "gbr" if pixels.startswith("gbr") else "2020_ncl"
    return (
        f"{patches(pixels='gbrp')} -vf zscale=pin=709:tin=709:p=2020:t={transfer}:m={given}:npl=203:r={spread},"
        f"format={pixels},setparams=color_primaries={primaries}:color_trc={transfer}:colorspace={matrix} -c:v ffv1"
        f" -color_primaries {primaries} -color_trc {transfer} -colorspace {matrix}"
    )


X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 2 -g 12"
INPUTS = {
    "p": patches(), "t": tone(), "p2": patches(2), "t2": tone(2), "pt": f"{patches()} {tone()}", "f": flash(),
    "x": X264, "xa": f"{X264} -c:a aac", "raw": "-c:v ffv1 -c:a flac",
}  # fmt: skip


def changed(recipe: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """A file as ffmpeg made it, with other bytes."""

    def make(file: Path) -> None:
        media.make(file, *shlex.split(recipe.format(**INPUTS)))
        file.write_bytes(change(file.read_bytes()))

    return make


def joined(*recipes: str) -> Callable[[Path], None]:
    """Files behind each other, as recorders and `cat` do it."""

    def make(file: Path) -> None:
        parts = [
            media.make(file.with_name(f"part{i}-{file.name}"), *shlex.split(r.format(**INPUTS)))
            for i, r in enumerate(recipes)
        ]
        file.write_bytes(b"".join(part.read_bytes() for part in parts))

    return make


def written(data: bytes) -> Callable[[Path], None]:
    return lambda file: void(file.write_bytes(data))


def again(recipe: str | Callable[[Path], None], second: str) -> Callable[[Path], None]:
    """ffmpeg twice: `second` gets the first's file as {it}."""

    def make(file: Path) -> None:
        first = Odd(f"first-{file.stem}.mp4", recipe).make(file.parent)
        media.make(file, *shlex.split(second.format(it=shlex.quote(str(first)), **INPUTS)))

    return make


def void(_: object) -> None:
    return None


def matrix(*values: int) -> Callable[[bytes], bytes]:
    """The display matrix of every track, replaced."""

    def change(data: bytes) -> bytes:
        identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
        head, rest = data[: data.index(b"tkhd")], data[data.index(b"tkhd") :]
        assert identity in rest
        return head + rest.replace(identity, struct.pack(">9i", *values))

    return change


def field(data: bytes, box: bytes, offset: int, value: int) -> bytes:
    """A 32-bit number inside the first box of a kind."""
    at = data.index(box) + offset
    return data[:at] + struct.pack(">I", value) + data[at + 4 :]


def dolby(profile: int) -> Callable[[bytes], bytes]:
    """A configuration of Dolby Vision, in the place of the box that tells bitrates."""

    def change(data: bytes) -> bytes:
        at = data.index(b"btrt")
        said = struct.pack(">BBH", 1, 0, profile << 9 | 1 << 3 | 0b101)
        return data[:at] + b"dvcC" + said.ljust(12, b"\0") + data[at + 16 :]

    return change


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def rotated(degrees: int) -> Callable[[Path], None]:
    return again("{pt} {xa}", f"-display_rotation {degrees} -i {{it}} -c copy")


ROTATED = {  # clockwise, as a player turns it
    90: ("0000ff", "ff0000", "ffffff", "00ff00"),
    180: ("ffffff", "0000ff", "00ff00", "ff0000"),
    270: ("00ff00", "ffffff", "ff0000", "0000ff"),
}
MOST = 65536

GEOMETRY = [
    Odd("plain.mp4", "{pt} {xa}"),
    Odd("turned-90.mp4", rotated(-90), size=(90, 160), colours=ROTATED[90]),
    Odd("turned-180.mp4", rotated(180), colours=ROTATED[180]),
    Odd("turned-270.mp4", rotated(90), size=(90, 160), colours=ROTATED[270]),
    Odd("turned-30.mp4", rotated(30), colours=None),
    Odd("mirrored.mp4", changed("{p} {x}", matrix(-MOST, 0, 0, 0, MOST, 0, 160 * MOST, 0, 1 << 30)), tracks=(),
        colours=("00ff00", "ff0000", "ffffff", "0000ff")),
    Odd("flipped.mp4", changed("{p} {x}", matrix(MOST, 0, 0, 0, -MOST, 0, 0, 90 * MOST, 1 << 30)), tracks=(),
        colours=("0000ff", "ffffff", "ff0000", "00ff00")),
    Odd("zero-matrix.mp4", changed("{p} {x}", matrix(*[0] * 9)), tracks=()),
    Odd("wide-pixels.mp4", "{pt} -vf setsar=4/3 {xa}", size=(213, 90)),
    Odd("tall-pixels.mkv", "{pt} -vf setsar=1/2 {xa}", size=(80, 90)),
    Odd("absurd-pixels.mkv", "{pt} -vf setsar=1000/1 {xa}"),
    Odd("one-pixel.mkv", "{p} -vf format=gray,crop=1:1:0:0 -c:v ffv1", size=(1, 1), tracks=(), colours=None),
    Odd("two-pixels.mkv", "{p} -vf crop=2:2:0:0 -c:v ffv1", size=(2, 2), tracks=(), colours=None),
    Odd("three-by-five.mkv", "{p} -vf format=yuv444p,crop=3:5:0:0 -c:v ffv1", size=(3, 5), tracks=(), colours=None),
    Odd("odd-size.mkv", patches(size="161x91", pixels="yuv444p") + " -c:v ffv1", size=(161, 91), tracks=()),
    Odd("portrait.mp4", patches(size="90x160") + " {x}", size=(90, 160), tracks=()),
    Odd("ribbon.mp4", patches(size="640x16") + " {x}", size=(640, 16), tracks=()),
    Odd("size-changes.ts", joined("{p} {x} -f mpegts",
        patches(size="320x180") + " {x} -output_ts_offset 1.08 -f mpegts"),
        tracks=(), seconds=2, frames=50),
    Odd("size-grows.mkv", again(joined("{p} -c:v mjpeg -f mjpeg", patches(size="320x180") + " -c:v mjpeg -f mjpeg"),
        "-f mjpeg -r 25 -i {it} -c copy"), tracks=(), seconds=2, frames=50),
    Odd("format-changes.h264", joined("{p} {x}", patches(size="96x54", pixels="yuv444p10") + " -c:v libx264"),
        tracks=(), seconds=2, frames=50),
]  # fmt: skip

COLOUR = [
    *[
        Odd(f"{name}.{'mov' if codec in {'prores_ks', 'qtrle'} else 'mkv'}",
            f"{patches(pixels=name)} -c:v {codec}", tracks=(), seconds=1)
        for name, codec in (
            ("yuv422p", "libx264"), ("yuv444p", "libx264"), ("yuv420p10", "libx265"), ("yuv422p12", "libx265"),
            ("yuv410p", "ffv1"), ("yuv411p", "ffv1"), ("yuv440p", "ffv1"), ("yuv444p16", "ffv1"), ("gbrp", "ffv1"),
            ("gbrp10", "libx264 -pix_fmt yuv444p10"), ("bgr0", "ffv1"), ("rgb24", "qtrle"), ("yuv422p10", "prores_ks"),
            ("uyvy422", "rawvideo"), ("nv12", "libx264 -pix_fmt nv12"),
        )
    ],
    Odd("full-range.mp4", patches(pixels="yuvj420p") + " -c:v libx264 -color_range pc", tracks=()),
    Odd("grey.mkv", "{p} -vf format=gray -c:v ffv1", tracks=(), colours=("4c4c4c", "969696", "1d1d1d", "ffffff")),
    Odd("palette.avi", "{p} -vf format=rgb8,format=pal8 -c:v rawvideo", tracks=(), tolerance=40),
    Odd("bt709-tagged.mp4",
        patches(pixels="gbrp") + " -vf scale=out_color_matrix=bt709,format=yuv420p -c:v libx264 -colorspace bt709"
        " -color_primaries bt709 -color_trc bt709", tracks=()),
    Odd("alpha.mov", patches(pixels="rgba") + " -vf colorchannelmixer=aa=0.5 -c:v qtrle", tracks=(),
        colours=("800000", "008000", "000080", "808080")),
    Odd("clear.mkv", patches(pixels="rgba") + " -vf colorchannelmixer=aa=0 -c:v ffv1", tracks=(),
        colours=("000000",) * 4),
    Odd("alpha-yuv.mov", patches(pixels="rgba") +
        " -vf colorchannelmixer=aa=0.5,format=yuva444p10 -c:v prores_ks -profile:v 4444", tracks=(),
        colours=("800000", "008000", "000080", "808080")),
    *[
        Odd(f"alpha-{codec}.webm", patches(pixels="rgba") + " -vf colorchannelmixer=aa=0.5,format=yuva420p"
            f" -c:v {codec} -deadline realtime -cpu-used 8 -auto-alt-ref 0 -b:v 2M", tracks=(),
            colours=("800000", "008000", "000080", "808080"), tolerance=24)
        for codec in ("libvpx", "libvpx-vp9")
    ],
    Odd("bt2020-sdr.mp4",
        patches(pixels="gbrp") + " -vf zscale=pin=709:tin=709:p=2020:t=2020_10:m=2020_ncl,format=yuv420p10"
        " -c:v libx265 -color_primaries bt2020 -color_trc bt2020-10 -colorspace bt2020nc -x265-params log-level=none",
        tracks=()),
    Odd("p3.mov",
        patches(pixels="gbrp") + " -vf zscale=pin=709:tin=709:p=smpte432:t=709:m=709,format=yuv420p10 -c:v libx265"
        " -color_primaries smpte432 -color_trc bt709 -colorspace bt709 -tag:v hvc1 -x265-params log-level=none",
        tracks=()),
    # Reference white becomes a bright grey, and leaves room for highlights.
    Odd("hdr10.mp4", hdr("smpte2084"), tracks=(), colours=("e00000", "00e000", "0000e0", "e0e0e0"), tolerance=40),
    Odd("dolby-8.mp4", changed(hdr("smpte2084") + " -tag:v hvc1", dolby(8)), tracks=(),
        colours=("e00000", "00e000", "0000e0", "e0e0e0"), tolerance=40),
    Odd("hlg.mp4", hdr("arib-std-b67"), tracks=(), colours=("e00000", "00e000", "0000e0", "e0e0e0"), tolerance=40),
    # What is not said is what HDR mostly is, and so is what nobody converts.
    *[
        Odd(f"{transfer}-{primaries}-{matrix}-{pixels}-{spread}.mkv",
            mistagged(transfer, primaries, matrix, pixels, spread), tracks=(),
            colours=("e00000", "00e000", "0000e0", "e0e0e0"), tolerance=40)
        for transfer, primaries, matrix, pixels, spread in (
            ("smpte2084", "unknown", "unknown", "yuv420p10", "limited"),
            ("smpte2084", "unknown", "bt2020nc", "yuv444p12", "limited"),
            ("smpte2084", "bt2020", "bt2020c", "yuv422p10", "limited"),
            ("smpte2084", "bt2020", "smpte2085", "yuv444p10", "limited"),
            ("smpte2084", "unknown", "unknown", "gbrp12", "full"),
            ("arib-std-b67", "unknown", "unknown", "yuv420p10", "full"),
            ("arib-std-b67", "bt2020", "unknown", "yuv444p10", "limited"),
            ("arib-std-b67", "bt2020", "chroma-derived-nc", "yuv444p12", "limited"),
            ("arib-std-b67", "bt2020", "bt709", "gbrp10", "full"),
            ("smpte2084", "unknown", "bt709", "yuv420p10", "limited"),
        )
    ],
    # Tags that contradict each other are believed one by one; the picture's light is right, white stays white.
    *[
        Odd(f"{transfer}-said-{primaries}-{matrix}.mkv", mistagged(transfer, primaries, matrix), tracks=(),
            colours=("c45030", "88d850", "3f20d0", "d8d8d8"))
        for transfer in ("smpte2084", "arib-std-b67")
        for primaries, matrix in (("bt709", "bt709"), ("bt709", "unknown"), ("bt470bg", "smpte170m"))
    ],
    # `scale` knows nothing of these.
    *[
        Odd(f"{matrix}.mkv", f"{{p}} -vf setparams=colorspace={matrix} -c:v ffv1 -colorspace {matrix}", tracks=(),
            colours=None)
        for matrix in ("ycgco", "bt2020c", "chroma-derived-nc", "chroma-derived-c", "ictcp", "smpte2085")
    ],
]  # fmt: skip

TIME = [
    Odd("slow.mp4", patches(4, "1") + " {x}", seconds=4, frames=4, rate=1, tracks=()),
    Odd("slower.mp4", patches(20, "1/5") + " {x}", seconds=20, frames=20, rate=1, tracks=()),
    Odd("ntsc.mkv", patches(rate="30000/1001") + " {x}", frames=30, rate=30000 / 1001, tracks=()),
    Odd("sixty.mkv", patches(rate="60") + " {x}", frames=60, rate=60, tracks=()),
    Odd("hundred-and-twenty.mp4", patches(rate="120") + " {x}", frames=60, rate=60, tracks=()),
    Odd("hundred.mp4", patches(rate="100") + " {x}", frames=50, rate=50, tracks=()),
    Odd("million.mkv", "{p} -vf setpts=N/25/TB -fps_mode passthrough -enc_time_base 1/1000000 -c:v ffv1", tracks=()),
    Odd("variable.mp4", "{p2} -vf \"select='not(mod(n,2))+gt(n,24)'\" -fps_mode vfr {x}", seconds=2, frames=50,
        tracks=()),
    Odd("hidden-frames.webm", patches(2) + " -c:v libvpx-vp9 -lag-in-frames 16 -auto-alt-ref 1 -cpu-used 8", seconds=2,
        frames=50, tracks=()),
    Odd("late-clock.mkv", "{f} {xa} -output_ts_offset 3600", seconds=2, frames=50, flashes=(1,), colours=None),
    Odd("late-clock.ts", "{f} {xa} -output_ts_offset 3600", seconds=2, frames=50, flashes=(1,), colours=None),
    Odd("early-clock.mp4", again("{f} {xa}", "-itsoffset -0.5 -i {it} -c copy -avoid_negative_ts disabled"),
        seconds=1.5, frames=37, flashes=(0.5,), colours=None),
    Odd("wrapping.ts", "{f} {xa} -output_ts_offset 95442.7", seconds=2, frames=50, flashes=(1,), colours=None),
    *[
        Odd(f"jumping-{name}.ts", joined(f"{{f}} {{xa}} {first} -f mpegts", f"{{f}} {{xa}} {second} -f mpegts"),
            seconds=4, frames=100, flashes=(1, 3), colours=None)
        for name, first, second in (
            ("far-forward", "", "-output_ts_offset 5000"), ("far-back", "-output_ts_offset 5000", ""),
            ("back", "-output_ts_offset 9", ""), ("overlapping", "", "-output_ts_offset 1"), ("twice-the-same", "", ""),
        )
    ],
    *[
        Odd(f"jumping.{suffix}", jumping(3600), seconds=4, frames=100, flashes=(1, 3), colours=None)
        for suffix in ("mkv", "mp4", "flv")
    ],
    Odd("pausing.mkv", jumping(8), seconds=12, frames=300, flashes=(1, 11), colours=None),
    Odd("jumping-alone.mkv", again("{p2} {x} -bf 0", f"-i {{it}} -c copy -bsf {later(3600, 1)}"), tracks=(), seconds=2,
        frames=50),
    Odd("standing-still.mkv", again("{p2} {x} -bf 0", f"-i {{it}} -c copy -bsf {later(20, 1)}"), tracks=(),
        seconds=22, frames=550),
    Odd("picture-pauses.mkv", patches(17) + " " + tone(17) + " -vf \"select='lt(t,1)+gte(t,16)'\" -fps_mode vfr {xa}",
        seconds=17, frames=425),
    Odd("sound-pauses.mkv", flash(102, 100, "5") + " -af \"aselect='lt(t,2)+gte(t,100)'\" {x} -c:a pcm_s16le",
        seconds=102, frames=510, rate=5, flashes=(1, 101), colours=None),
    Odd("sound-very-late.mkv", patches(72, "5") + " -itsoffset 70 {t2} {xa}", seconds=72, frames=360, rate=5),
    *[
        Odd(f"flash.{suffix}", f"{{f}} {{xa}} {more}", seconds=2, frames=50, flashes=(1,), colours=None)
        for suffix, more in (
            ("mp4", ""), ("mkv", ""), ("ts", ""), ("flv", "-ar 44100"), ("mov", ""), ("avi", "-c:a libmp3lame"),
            ("mpg", "-c:v mpeg2video -c:a mp2"), ("wmv", "-c:v wmv2 -bf 0 -c:a wmav2"),
            ("webm", "-c:v libvpx -deadline realtime -c:a libopus"), ("ogv", "-c:v libtheora -c:a libvorbis -q:v 7"),
            ("3gp", "-ar 44100"), ("mxf", "-c:v mpeg2video -c:a pcm_s16le"), ("m4v", ""),
        )
    ],
    Odd("fragmented.mp4", "{f} {xa} -movflags frag_keyframe+delay_moov+default_base_moof", seconds=2, frames=50,
        flashes=(1,), colours=None),
    Odd("streamed.mkv", "{f} {xa} -live 1 -f matroska", seconds=2, frames=50, flashes=(1,), colours=None),
    Odd("unindexed.avi", changed("{f} -c:v mpeg4 -c:a pcm_s16le", lambda d: d[: d.rindex(b"idx1")]), seconds=2,
        frames=50, flashes=(1,), colours=None),
    Odd("garbage-behind.mp4", changed("{f} {xa}", lambda d: d + bytes(range(256)) * 400), seconds=2, frames=50,
        flashes=(1,), colours=None),
    Odd("garbage-behind.ts", changed("{f} {xa}", lambda d: d + bytes(range(256)) * 40), seconds=2, frames=50,
        flashes=(1,), colours=None),
    Odd("long-header.mp4", changed("{f} {xa} -movflags +faststart", lambda d: field(d, b"mvhd", 20, 360_000_000)),
        seconds=2, frames=50, flashes=(1,), colours=None),
    Odd("long-header.mkv", changed("{f} {xa}", lambda d: d.replace(struct.pack(">d", 2023.0), struct.pack(">d", 9e6))),
        seconds=2, frames=50, flashes=(1,), colours=None),
    Odd("one-frame.mp4", "{p} -frames:v 1 {x}", seconds=0.04, frames=1, tracks=()),
    Odd("still-with-song.mp4", patches(0.04) + " {t2} {xa}", seconds=2, frames=50),
    Odd("sound-longer.mp4", "{p} {t2} {xa}", seconds=2, frames=50),
    Odd("sound-shorter.mp4", "{p2} {t} {xa}", seconds=2, frames=50),
    Odd("sound-late.mkv", "{p2} -itsoffset 0.8 {t} {xa}", seconds=2, frames=50),
    Odd("picture-late.mkv", "-itsoffset 1 {p} {t2} {xa}", seconds=2, frames=50),
    Odd("picture-very-late.ts", "-itsoffset 1.4 {p} " + tone(3) + " {xa}", seconds=3, frames=76),
    *[
        Odd(name, f"{{p}} {X264.replace('libx264 -preset ultrafast', codec)}", tracks=())
        for name, codec in (
            ("raw.h264", "libx264 -preset ultrafast"), ("raw.hevc", "libx265 -x265-params log-level=none"),
            ("raw.m2v", "mpeg2video"), ("raw.m4v", "mpeg4 -f m4v"),
        )
    ],
    Odd("raw.ivf", "{p} -c:v libvpx-vp9 -deadline realtime -cpu-used 8", tracks=()),
    Odd("tape.dv", patches(size="720x576") + " {t} -r 25 -pix_fmt yuv420p -s 720x576 -aspect 4:3 -ar 48000", size=None,
        tracks=("und",), colours=None),
]  # fmt: skip

FIELDS = [
    Odd("interlaced-flagged.mp4", "-f lavfi -i testsrc2=d=3:s=160x96:r=50,tinterlace=interleave_top {x}"
        " -flags +ildct+ilme -x264-params tff=1", size=(160, 96), seconds=3, frames=75, tracks=(), colours=None,
        interlaced=True),
    Odd("interlaced-secretly.mkv", "-f lavfi -i testsrc2=d=3:s=160x96:r=50,tinterlace=interleave_bottom,setfield=prog"
        " -c:v ffv1", size=(160, 96), seconds=3, frames=75, tracks=(), colours=None, interlaced=True),
    Odd("telecine.mkv", "-f lavfi -i testsrc2=d=3:s=320x240:r=24000/1001,telecine -c:v ffv1", size=(320, 240),
        seconds=None, frames=None, rate=30000 / 1001, tracks=(), colours=None, interlaced=True),
    Odd("flagged-only.mp4", "-f lavfi -i testsrc2=d=3:s=160x96:r=25 {x} -flags +ildct+ilme -x264-params tff=1",
        size=(160, 96), seconds=3, frames=75, tracks=(), colours=None),
]  # fmt: skip

SOUND = [
    *[
        Odd(f"sound.{suffix}", f"{{t}} {more}", size=None, colours=None, frames=None, rate=None)
        for suffix, more in (
            ("wav", ""), ("w64", ""), ("aiff", ""), ("caf", "-c:a pcm_s16le"), ("flac", ""), ("mp3", ""), ("aac", ""),
            ("m4a", "-c:a alac"), ("ac3", ""), ("eac3", ""), ("ogg", "-c:a libvorbis"), ("opus", "-c:a libopus"),
            ("amr", "-c:a libopencore_amrnb -ar 8000 -ac 1"), ("wma", ""), ("mka", "-c:a libopus"),
            ("oga", "-c:a flac"),
        )
    ],
    *[
        Odd(f"surround-{layout}.mkv", f'{tone(1, "mono")} -af "pan={layout}|{middle}=c0" -c:a flac', size=None,
            colours=None, frames=None, rate=None)
        for layout, middle in (("5.1", "FC"), ("7.1", "FC"), ("2.1", "FL"))
    ],
    *[
        Odd(f"discrete-{channels}-{only}.wav", f"{discrete(channels, only)} -c:a pcm_s16le", size=None, colours=None,
            frames=None, rate=None)
        for channels, only in ((4, 3), (9, 0), (12, 11), (16, 9), (16, 2), (32, 31))
    ],
    Odd("mono.mp4", f"{{p}} {tone(1, 'mono')} {{xa}}"),
    Odd("inverted.wav", '{t} -af "pan=stereo|c0=c0|c1=-1*c0"', size=None, colours=None, frames=None, rate=None),
    Odd("layout-changes.ts", joined("{pt} {x} -c:a ac3 -ac 6 -f mpegts",
        "{pt} {x} -c:a ac3 -ac 2 -output_ts_offset 1.08 -f mpegts"), seconds=2, frames=50),
    Odd("cover.mp3", "{t} " + patches(0.04) + " -map 0 -map 1 -c:v mjpeg -disposition:v attached_pic", size=None,
        colours=None, frames=None, rate=None),
    Odd("video-and-cover.mp4", "{pt} " + patches(0.04, size="64x64") + " -map 2 -map 0 -map 1 {xa} -c:v:0 mjpeg"
        " -bf:v:0 0 -disposition:v:0 attached_pic"),
    Odd("languages.mkv", "{p} {t} " + tone(1, hertz=660) + " -map 0 -map 1 -map 2 {xa} -metadata:s:a:0 language=eng"
        " -metadata:s:a:1 language=deu", tracks=("en", "de")),
    Odd("programs.ts", "{p} {t} " + patches(size="80x44") + f" {tone(1, hertz=660)} -map 0 -map 1 -map 2 -map 3 {{xa}}"
        " -program st=0:st=1 -program st=2:st=3"),
    Odd("angles.mkv", "{p} " + patches(size="320x180") + " -map 0 -map 1 {x} -disposition:v:0 default"
        " -disposition:v:1 0", tracks=()),
    Odd("webm-called.jpg", "{p} -c:v libvpx -deadline realtime -f webm", tracks=()),
    Odd("extra-codec.mp4", changed("{p} {t} {t} -map 0 -map 1 -map 2 {x} -c:a:0 aac -c:a:1 alac",
        lambda d: d.replace(b"alac", b"qqqq")), tracks=("und",)),
]  # fmt: skip

_LOST = "{pt} {xa}"
REFUSED = [
    *[
        Refused(f"still.{suffix}", f"{{p}} -frames:v {count} {more}", RejectionCode.FORMAT_NOT_ALLOWED)
        for suffix, count, more in (
            ("png", 1, ""), ("jpg", 1, ""), ("gif", 9, ""), ("apng", 9, "-f apng"), ("webp", 1, "-c:v libwebp"),
            ("bmp", 1, ""), ("tiff", 1, ""), ("avif", 1, "-c:v libaom-av1 -cpu-used 8"), ("jp2", 1, ""),
        )
    ],
    Refused("moving.webp", "{p} -frames:v 5 -c:v libwebp_anim", RejectionCode.FORMAT_NOT_ALLOWED),
    Refused("moving.avif", "{p} -frames:v 5 -c:v libaom-av1 -cpu-used 8", RejectionCode.FORMAT_NOT_ALLOWED),
    Refused("packed.mp4", changed(_LOST, gzip.compress), RejectionCode.NOT_MEDIA),
    Refused("text.mp4", written(b"hello, I am a text file\n" * 50), RejectionCode.NOT_MEDIA),
    Refused("zeros.mp4", written(bytes(100_000)), RejectionCode.NOT_MEDIA),
    Refused("garbage.mp4", changed("{p} {x}", lambda d: d[: d.index(b"mdat") + 4] + bytes(
        (i * 7919 >> 3) & 255 for i in range(d.index(b"moov") - d.index(b"mdat") - 8)) + d[d.index(b"moov") - 4 :]),
            RejectionCode.NO_DECODABLE_FRAMES),
    Refused("unknown-codec.mp4", changed(_LOST, lambda d: d.replace(b"avc1", b"qqq7").replace(b"avcC", b"qqqC")),
            RejectionCode.CODEC_UNSUPPORTED),
    Refused("unknown-sound.mp4", changed("{pt} {x} -c:a alac", lambda d: d.replace(b"alac", b"qqqq")),
            RejectionCode.CODEC_UNSUPPORTED),
    Refused("dolby-5.mp4", changed(hdr("smpte2084") + " -tag:v hvc1", dolby(5)), RejectionCode.CODEC_UNSUPPORTED),
    Refused("encrypted.mp4", _LOST + " -encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb"
            " -encryption_kid a7e61c373e219033c21091fa607bf3b8", RejectionCode.ENCRYPTED),
    *[
        Refused(f"cut.{suffix}", changed(recipe, half), RejectionCode.TRUNCATED)
        for suffix, recipe in (
            ("mp4", patches(6) + tone(6).join((" ", " ")) + "{xa} -movflags +faststart"),
            ("mov", patches(6) + " {x}"), ("mkv", patches(6) + " {x}"), ("avi", patches(6) + " -c:v mpeg4"),
            ("wav", tone(6)), ("mp3", tone(6)), ("flac", tone(6)), ("flv", patches(6) + " {x}"),
            ("wmv", patches(6) + " -c:v wmv2"),
        )
    ],
]  # fmt: skip
