"""Filter chains from any picture to upright SDR BT.709 in 4:2:0, and from any sound to mono or stereo."""

import re
from collections.abc import Sequence
from typing import Any

import ffmpeg

from media_pipeline.domain.media import AudioStream, MediaInfo, Span, VideoStream
from media_pipeline.infrastructure.ffmpeg import shape

HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})
_WIDE_PRIMARIES = frozenset({"bt2020", "smpte431", "smpte432"})
_MATRICES_OF_ZIMG = frozenset({"bt2020c", "ycgco", "ictcp", "chroma-derived-nc", "chroma-derived-c"})
"""What only zscale converts."""
_MATRICES_OF_SCALE = frozenset({
    "unknown", "gbr", "bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc",
})  # fmt: skip
"""What `scale` lets pass; before 7.0 it knew of none."""
_NOT_OF_YUV = frozenset({"unknown", "gbr"})
_NOT_OF_HDR = frozenset({"bt2020c", "chroma-derived-c"})
_ONLY_OF_HDR = frozenset({"ictcp"})
"""zscale has no way from another pairing; who says so mostly means something else."""
_PRIMARIES = frozenset({
    "bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m", "film", "bt2020", "smpte428", "smpte431", "smpte432",
    "jedec-p22",
})  # fmt: skip
_TRANSFERS_OF_ZIMG = frozenset({
    "bt709", "smpte170m", "smpte240m", "bt470m", "bt470bg", "linear", "iec61966-2-1", "bt2020-10", "bt2020-12",
    "smpte2084", "arib-std-b67",
})  # fmt: skip
_REFERENCE_WHITE_NITS = 203
"""BT.2408: HDR's white, that SDR's stands for."""
_PEAK_NITS = 1000
"""Highlights roll off up to here. Fixed: what files claim is often wrong, and brightness must not depend on it."""
_MOST_LAID_OUT = 8
"""Layouts of more channels are down-mixed by no common rule: ffmpeg's leaves channels out."""
_OVERHANG_SECONDS = 1.0
"""of silence behind the sound more than can be needed; it is cut again"""

_STATEMENT = re.compile(r"(?P<takes>(\[[^\]]+\])*)(?P<filter>\w+)(=.*?)?(?P<gives>(\[[^\]]+\])*)")
_LABEL = re.compile(r"\[([^\]]+)\]")


def picture(source: Any, video: VideoStream, width: int, height: int, *, flags: str, gaps: Sequence[Span] = ()) -> Any:
    """The decoded picture in `width` × `height`, upright (ffmpeg turns it), without the gaps of its clock."""
    return sdr(timed(source, video, gaps=gaps), video, width, height, flags=flags)


def sdr(frames: Any, video: VideoStream, width: int, height: int, *, flags: str) -> Any:
    """What `timed` gives, as whole frames of SDR BT.709."""
    rgb = _is_rgb(video.pixel_format) or _has_alpha(video.pixel_format)
    if video.interlaced:
        parity = "tff" if video.top_field_first else "bff"
        frames = frames.filter("bwdif", mode="send_frame", parity=parity, deint="all")
    frames = opaque(frames, video)
    if _needs_zimg(video):
        frames = _to_bt709(frames.filter("scale", width, height, flags=flags), video, rgb=rgb)
    else:
        given = {} if rgb else _assumed(video)
        frames = frames.filter("scale", width, height, flags=flags, out_color_matrix="bt709", out_range="tv", **given)
    return tagged(frames.filter("format", "yuv420p")).filter("setsar", 1)


def timed(source: Any, video: VideoStream, *, gaps: Sequence[Span]) -> Any:
    """The decoded picture as it is, on the media's clock."""
    frames = source[str(video.index)]
    if video.matrix not in _MATRICES_OF_SCALE:
        frames = frames.filter("setparams", colorspace="unknown")
    frames = shape.kept(frames, video)
    if video.lag_seconds:
        frames = frames.filter("setpts", f"PTS-{video.lag_seconds:.6f}/TB")
    if gaps:
        frames = frames.filter("setpts", _without(gaps))
    if video.end_seconds:
        # For one wrong timestamp the picture would freeze until then. Frames without a time stay.
        frames = frames.filter("select", _timely(video.end_seconds))
    return frames


def opaque(frames: Any, video: VideoStream) -> Any:
    """What cannot be seen is black, as players show it."""
    if not _has_alpha(video.pixel_format):
        return frames
    frames = frames.filter("scale", **_assumed(video)).filter("format", "gbrap")
    return frames.filter("premultiply", inplace=1).filter("format", "gbrp")


def _assumed(video: VideoStream) -> dict[str, str]:
    return {"in_color_matrix": video.meant_matrix} if video.matrix == "unknown" else {}


def tagged(frames: Any) -> Any:
    """Frames that are SDR BT.709 and say so. The encoder tags what frames say, whatever its own options are."""
    tags = {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "range": "tv"}
    return frames.filter("setparams", **tags)


def cascade(picture: Any, sizes: Sequence[tuple[int, int]]) -> list[Any]:
    """Each size is scaled from the next larger one: a small rung costs little, and looks no worse."""
    scaled = []
    for i, (width, height) in enumerate(sizes):
        size = picture.filter("scale", width, height, flags="bicubic").filter("setsar", 1)
        if i + 1 < len(sizes):
            branches = size.filter_multi_output("split")
            scaled.append(branches[0])
            picture = branches[1]
        else:
            scaled.append(size)
    return scaled


def sound(
    source: Any, info: MediaInfo, track: AudioStream, channels: int, sample_rate: int, *, whole: bool = True
) -> Any:
    """The decoded track in mono or stereo, its time beginning with the media's: silence stands in where it starts late
    or pauses, and what comes before is cut. `whole`: it ends with the media too, in silence where it must."""
    heard = source[str(track.index)]
    if info.gaps:
        heard = heard.filter("asetpts", _without(info.gaps))
    if track.end_seconds:
        heard = heard.filter("aselect", _timely(track.end_seconds))
    if track.channels > _MOST_LAID_OUT:
        heard = heard.filter("pan", _spread(track.channels))
    heard = heard.filter("aresample", sample_rate)
    heard = heard.filter("aformat", channel_layouts="mono" if track.channels == 1 else "stereo")
    if whole:
        # Behind the cut (see `separated`) no filter learns that the sound has ended: `atrim` must end it.
        heard = heard.filter("apad", pad_dur=f"{info.duration_seconds + _OVERHANG_SECONDS:.3f}")
    heard = _with_silences(heard.filter("anull"), track.silences, sample_rate)
    if whole:
        heard = heard.filter("atrim", end=f"{info.duration_seconds:.3f}")
    if channels == 1 and track.channels > 1:
        return _mono(heard)
    return heard.filter("aformat", channel_layouts={1: "mono", 2: "stereo"}[channels])


def _without(gaps: Sequence[Span]) -> str:
    """In the middle of a gap nothing is, however times are rounded."""
    return "PTS-round((" + "+".join(f"gte(T,{gap.middle:.6f})*{gap.seconds:.6f}" for gap in gaps) + ")/TB)"


def _with_silences(heard: Any, silences: Sequence[Span], sample_rate: int) -> Any:
    """`aresample` holds the silence that it puts in in memory, all at once, and loses the sound behind three quarters
    of an hour. Around long silences the track is cut to pieces, and padding is made as it is needed."""
    if not silences:
        return _timed(heard, sample_rate)
    late = silences[0].start <= 0
    starts = [0.0, *(silence.end for silence in silences)][late:]
    cuts = [0.0, *(silence.middle for silence in silences)][late:]
    parts = heard.filter_multi_output("asplit", len(starts)) if len(starts) > 1 else [heard]
    pieces = []
    for i, start in enumerate(starts):
        piece = parts[i].filter("atrim", start=f"{cuts[i]:.6f}") if i else parts[i]
        if i + 1 < len(starts):
            piece = piece.filter("atrim", end=f"{cuts[i + 1]:.6f}")
        piece = _timed(piece.filter("asetpts", f"PTS-round({start:.6f}/TB)"), sample_rate)
        if i + 1 < len(starts):
            piece = piece.filter("apad", whole_dur=f"{starts[i + 1] - start:.6f}")
        pieces.append(piece)
    whole = ffmpeg.concat(*pieces, v=0, a=1) if len(pieces) > 1 else pieces[0]
    return whole.filter("adelay", f"{round(starts[0] * sample_rate)}S", all=1) if late else whole


def _timed(heard: Any, sample_rate: int) -> Any:
    return heard.filter("aresample", sample_rate, **{"async": 1, "min_hard_comp": 0.03, "first_pts": 0})


def _timely(end_seconds: float) -> str:
    return f"not(gt(t,{end_seconds + max(1.0, 0.02 * end_seconds):.3f}))"


def separated(graph: str, *, cut: bool) -> list[str]:
    """A filter graph as several: one for each stream, and with `cut` one more behind every `anull`.

    ffmpeg builds a graph anew when the sound that enters it changes, and every filter in it forgets where it was: the
    silence before a track, the measurement of loudness. Cut, only the graph that meets the change does. But a graph
    behind a graph can make ffmpeg 9 wait for itself for ever where picture is encoded too: cut what has to be alone.
    """
    graphs: list[tuple[set[str], list[str]]] = []
    for statement in graph.split(";"):
        match = _STATEMENT.fullmatch(statement)
        assert match is not None
        takes, gives = set(_LABEL.findall(match["takes"])), set(_LABEL.findall(match["gives"]))
        joined = [part for part in graphs if part[0] & takes]
        graphs = [part for part in graphs if part not in joined]
        open_ends = set().union(*(part[0] for part in joined)) - takes
        lines = [line for part in joined for line in part[1]] + [statement]
        graphs.append((open_ends if cut and match["filter"] == "anull" else open_ends | gives, lines))
    return [";".join(lines) for _, lines in graphs]


def _to_bt709(frames: Any, video: VideoStream, *, rgb: bool) -> Any:
    """What a file leaves unsaid, or says in words that nobody converts, is taken to be what its kind mostly is."""
    hdr = video.transfer in HDR_TRANSFERS
    usual = "bt2020" if hdr else "bt709"
    said = {
        "color_primaries": video.primaries if video.primaries in _PRIMARIES else usual,
        "color_trc": video.transfer if video.transfer in _TRANSFERS_OF_ZIMG else "bt709",
        "colorspace": "gbr" if rgb else _matrix(video, hdr=hdr),
    }
    light = frames.filter("setparams", **said).filter("zscale", t="linear", npl=_REFERENCE_WHITE_NITS)
    light = light.filter("format", "gbrpf32le").filter("zscale", p="bt709")
    if hdr:
        light = light.filter("tonemap", tonemap="mobius", peak=f"{_PEAK_NITS / _REFERENCE_WHITE_NITS:.3f}", desat=0)
    return light.filter("zscale", t="bt709", m="bt709", r="tv")


def _matrix(video: VideoStream, *, hdr: bool) -> str:
    known = (_MATRICES_OF_SCALE | _MATRICES_OF_ZIMG) - _NOT_OF_YUV - (_NOT_OF_HDR if hdr else _ONLY_OF_HDR)
    if video.matrix in known:
        return video.matrix
    return "bt2020nc" if hdr else "bt709"


def _needs_zimg(video: VideoStream) -> bool:
    return (
        video.transfer in HDR_TRANSFERS
        or video.transfer == "linear"
        or video.primaries in _WIDE_PRIMARIES
        or video.matrix in _MATRICES_OF_ZIMG
    )


def _is_rgb(pixel_format: str) -> bool:
    return pixel_format.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2rgb", "x2bgr"))


def _has_alpha(pixel_format: str) -> bool:
    return pixel_format.startswith(("yuva", "ayuv", "vuya", "ya", "rgba", "bgra", "argb", "abgr", "gbrap", "pal8"))


def _spread(channels: int) -> str:
    """Every channel is heard: even ones left, odd ones right as discrete tracks are paired, the third, where layouts
    have the voice, in the middle."""
    left = "+".join(f"c{i}" for i in range(channels) if i % 2 == 0)
    right = "+".join(f"c{i}" for i in range(channels) if i % 2 == 1 or i == 2)
    return f"stereo|FL<{left}|FR<{right}"


def _mono(stereo: Any) -> Any:
    """A quarter turn of phase between the sides: their sum is as loud as they are, also where one is the other
    inverted, and a plain sum would be silent."""
    sides = stereo.filter_multi_output("channelsplit")
    turned = [sides[i].filter("aphaseshift", shift=shift) for i, shift in ((0, 0), (1, 0.5))]
    both = ffmpeg.filter(turned, "amerge", inputs=2)
    return both.filter("pan", "mono|c0<c0+c1")
