"""What ffprobe says of a file, as facts: what a hostile file makes it say is of the type that is read here, or is left
out."""

import json
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.domain.language import UNKNOWN, bcp47
from media_pipeline.domain.media import AudioStream, MediaInfo, Span, TextKind, TextStream, VideoStream
from media_pipeline.infrastructure.ffmpeg.commands.line import ALPHA_DECODERS, DEMUXERS

MIN_PROBE_SCORE = 25
"""Below it, ffmpeg is guessing: random bytes are taken for MP3 with 1."""
DEFAULT_FRAME_RATE = Fraction(25)
_PROMISING = frozenset({"mov", "mp4", "matroska", "avi", "flv", "asf", "wav", "w64", "aiff", "caf", "flac", "mxf"})
"""Containers with a duration in their header; of others ffprobe estimates one, from bitrate or last timestamps."""
Stream = Mapping[str, Any]
"""One entry of ffprobe's `streams`."""
_BUFFER_SIZE = "CPB properties"
"""the one thing said of a stream that changes nothing for who shows it"""
_FIELDS = frozenset({"tt", "bb", "tb", "bt"})
_SANE_RATES = Fraction(1, 10), Fraction(240)
_COUNTS = frozenset({"index", "width", "height", "channels", "sample_rate", "has_b_frames", "probe_score", "level"})
_MAPS = frozenset({"disposition", "tags"})


def media_info(answer: bytes, *, size: int) -> MediaInfo:
    """ffprobe's JSON as MediaInfo. `duration_seconds` is what the container promises, 0 where it promises nothing;
    `timeline.settled` makes it and the other times true.

    Raises BadMedia: NOT_MEDIA, FORMAT_NOT_ALLOWED, ENCRYPTED, NO_AV_STREAM, CODEC_UNSUPPORTED.
    """
    form, streams, programs, chapters = _facts(answer)
    if form.get("probe_score", 0) < MIN_PROBE_SCORE:
        raise BadMedia(RejectionCode.NOT_MEDIA, "The file is not a video or audio file.")
    names = str(form.get("format_name", "")).split(",")
    demuxer = next((n for n in names if n in DEMUXERS), None)
    if demuxer is None:
        message = "This kind of file is not accepted; send a video or audio file."
        raise BadMedia(RejectionCode.FORMAT_NOT_ALLOWED, message, detail=f"format {names}")
    if any(_is_encrypted(s) for s in streams):
        raise BadMedia(RejectionCode.ENCRYPTED, "The file is encrypted; send it without copy protection.")
    videos = [s for s in streams if s.get("codec_type") == "video" and not _is_cover(s)]
    video = _best(_known(videos))
    tracks = _known([s for s in streams if s.get("codec_type") == "audio"])
    audio = _of_program(tracks, video, programs)
    if video is None and not audio:
        raise BadMedia(RejectionCode.NO_AV_STREAM, "The file holds neither picture nor sound.")
    return MediaInfo(
        container=names[0] if len(names) == 1 else str(form["format_name"]),
        demuxer=demuxer,
        duration_seconds=_promised(form, [*([video] if video else []), *audio]) if demuxer in _PROMISING else 0.0,
        size=size,
        video=_video(video) if video else None,
        audio=tuple(_audio(s) for s in audio),
        text=tuple(_text(s) for s in streams if s.get("codec_type") == "subtitle"),
        streams=len(streams),
        chapters=tuple(chapters),
    )


def _facts(answer: bytes) -> tuple[dict[str, Any], list[Stream], list[Mapping[str, Any]], list[Span]]:
    """Format, streams, programs and chapters. What a hostile file makes ffprobe say is of the type that is read here,
    or is left out."""
    try:
        told = json.loads(answer)
    except ValueError:
        told = None
    whole = told if isinstance(told, dict) else {}
    programs: list[Mapping[str, Any]] = [{"streams": _streams(p)} for p in _list(whole.get("programs"))]
    chapters = [span for chapter in _list(whole.get("chapters")) for span in _chapter(_typed(chapter))]
    return _typed(whole.get("format")), _streams(whole), programs, chapters


def _chapter(told: Mapping[str, str]) -> list[Span]:
    times = [told.get(name, "") for name in ("start_time", "end_time")]
    if not all(is_number(time.removeprefix("-")) for time in times):
        return []
    start, end = map(float, times)
    return [Span(start, end)] if start < end else []


def _streams(told: Any) -> list[Stream]:
    streams = [_typed(s) for s in _list(told.get("streams") if isinstance(told, dict) else None)]
    return [s for s in streams if "index" in s]


def _typed(told: Any) -> dict[str, Any]:
    """Counts as integers from 0, maps as maps, everything else as text."""
    known: dict[str, Any] = {}
    for name, value in told.items() if isinstance(told, dict) else ():
        if name in _COUNTS:
            if re.fullmatch(r"[0-9]{1,9}", str(value)):
                known[name] = int(value)
        elif name in _MAPS:
            known[name] = value if isinstance(value, dict) else {}
        elif name == "side_data_list":
            known[name] = [d for d in _list(value) if isinstance(d, dict)]
        elif isinstance(value, str | int | float):
            known[name] = str(value)
    return known


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _known(streams: list[Stream]) -> list[Stream]:
    """Those whose codec is known. Raises BadMedia CODEC_UNSUPPORTED when there are streams and none is: a phone's
    extra tracks may be strange, all of them may not."""
    known = [s for s in streams if s.get("codec_name", "unknown") != "unknown" and not _is_unreadable(s)]
    if streams and not known:
        message = f"The file's {streams[0]['codec_type']} codec is not known here; send H.264, HEVC, VP9 or AV1."
        raise BadMedia(RejectionCode.CODEC_UNSUPPORTED, message, detail=str(streams[0].get("codec_tag_string")))
    return known


def _best(videos: list[Stream]) -> Stream | None:
    """The default that moves (a phone's live photo has a still beside it), of several the one with most pixels, of
    equals the first: other angles are left."""
    moving = [v for v in videos if v.get("nb_frames") != "1"] or videos
    chosen = [v for v in moving if v.get("disposition", {}).get("default")] or moving
    return max(chosen, key=lambda v: int(v.get("width", 0)) * int(v.get("height", 0)), default=None)


def _of_program(audio: list[Stream], video: Stream | None, programs: list[Mapping[str, Any]]) -> list[Stream]:
    """Of several programs the picture's: its sound and no other's."""
    for program in programs:
        members = {s.get("index") for s in program.get("streams", [])}
        own = [a for a in audio if a["index"] in members]
        if own and (video is None or video["index"] in members):
            return own
    return audio


def _is_encrypted(s: Stream) -> bool:
    data = {d.get("side_data_type") for d in s.get("side_data_list", [])}
    return any("ncryption" in str(kind) for kind in data)


def _is_unreadable(s: Stream) -> bool:
    """Dolby Vision of profile 5 alone has no picture that other decoders show right: it comes out green. Of a sound
    without channels nobody found the beginning."""
    if s.get("codec_type") == "audio" and not s.get("channels"):
        return True
    return any(d.get("dv_profile") == 5 for d in s.get("side_data_list", []))


def _is_cover(stream: Stream) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _video(s: Stream) -> VideoStream:
    width, height = int(s.get("width", 0)), int(s.get("height", 0))
    rotation = _rotation(s)
    pixel_aspect = _ratio(s.get("sample_aspect_ratio", "1:1").replace(":", "/")) or Fraction(1)
    shown_width = max(1, round(width * pixel_aspect)) if Fraction(1, 16) < pixel_aspect < 16 else width
    shown = (height, shown_width) if rotation in {90, 270} else (shown_width, height)
    return VideoStream(
        index=int(s["index"]),
        codec=str(s["codec_name"]),
        coded_width=width,
        coded_height=height,
        display_width=shown[0],
        display_height=shown[1],
        rotation=rotation,
        frame_rate=_frame_rate(s),
        pixel_format="yuva420p" if _has_alpha_beside(s) else str(s.get("pix_fmt", "unknown")),
        transfer=str(s.get("color_transfer", "unknown")),
        matrix=str(s.get("color_space", "unknown")),
        interlaced=s.get("field_order") in _FIELDS,
        frames=0,
        end_seconds=0.0,
        primaries=str(s.get("color_primaries", "unknown")),
        reordered=int(s.get("has_b_frames", 0)),
        turned=any("displaymatrix" in d for d in s.get("side_data_list", [])),
        top_field_first=s.get("field_order") not in {"bb", "tb"},
        profile=str(s.get("profile", "unknown")),
        level=int(s.get("level", 0)),
        annotated=s.get("field_order") in _FIELDS
        or any(d.get("side_data_type") != _BUFFER_SIZE for d in s.get("side_data_list", [])),
    )


def _has_alpha_beside(s: Stream) -> bool:
    """VP8 and VP9 keep it in a second picture beside the first, of which ffprobe's decoder knows nothing."""
    return s["codec_name"] in ALPHA_DECODERS and s.get("tags", {}).get("alpha_mode") == "1"


def _audio(s: Stream) -> AudioStream:
    return AudioStream(
        index=int(s["index"]),
        codec=str(s["codec_name"]),
        channels=int(s["channels"]),
        sample_rate=int(s.get("sample_rate", 0)),
        language=bcp47(str(s.get("tags", {}).get("language", UNKNOWN))),
        default=bool(s.get("disposition", {}).get("default")),
        end_seconds=0.0,
    )


def _text(s: Stream) -> TextStream:
    marks = s.get("disposition", {})
    kind: TextKind = "captions" if marks.get("hearing_impaired") or marks.get("captions") else "subtitles"
    return TextStream(
        index=int(s["index"]),
        codec=str(s.get("codec_name", "unknown")),
        language=bcp47(str(s.get("tags", {}).get("language", UNKNOWN))),
        kind="forced" if marks.get("forced") else kind,
    )


def _rotation(s: Stream) -> int:
    """Degrees clockwise that a player turns the picture. As ffmpeg does it: a quarter turn changes the frame's shape,
    an odd angle does not, and a matrix of zeros (no angle, which prints as a huge one) is none."""
    angles = (d.get("rotation") for d in s.get("side_data_list", []))
    angle = next((a for a in angles if isinstance(a, int | float)), 0)
    if not abs(angle) <= 360:
        return 0
    quarter = round(-angle / 90) * 90
    return quarter % 360 if abs(-angle - quarter) <= 1 else 0


def _frame_rate(s: Stream) -> Fraction:
    low, high = _SANE_RATES
    for name in ("avg_frame_rate", "r_frame_rate"):
        rate = _ratio(s.get(name, "0/0"))
        if rate and low <= rate <= high:
            return rate
    return DEFAULT_FRAME_RATE


def _ratio(text: str) -> Fraction | None:
    """Above zero, or None."""
    parts = re.fullmatch(r"([0-9]{1,12})/([0-9]{1,12})", text)
    if not parts or not int(parts[1]) or not int(parts[2]):
        return None
    return Fraction(int(parts[1]), int(parts[2]))


def _promised(form: Mapping[str, Any], streams: list[Stream]) -> float:
    """Chapters and subtitles can claim a hundred hours: picture and sound decide."""
    seen = [float(s["duration"]) for s in streams if is_number(s.get("duration"))]
    claimed = float(form["duration"]) if is_number(form.get("duration")) else 0.0
    start = float(form["start_time"]) if is_number(form.get("start_time")) else 0.0
    # Some count from the clock's zero, though the media begins an hour later.
    return max(seen, default=claimed - start if claimed > start else claimed)


def is_number(text: str | None) -> bool:
    """Whether a text is a plain number from 0, short enough to be meant."""
    return bool(text) and re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", str(text)) is not None
