"""What the tools answered, parsed: pure functions from their text to our values."""

import json
import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.domain.media import AudioStream, MediaInfo, TextKind, TextStream, VideoStream
from media_pipeline.infrastructure.ffmpeg.commands import DEMUXERS

MIN_PROBE_SCORE = 25
"""Below it, ffmpeg is guessing: random bytes are taken for MP3 with 1."""
DEFAULT_FRAME_RATE = Fraction(25)
_SANE_RATES = Fraction(1, 10), Fraction(240)
_COUNTS = frozenset({"index", "width", "height", "channels", "sample_rate", "nb_frames", "probe_score"})
_MAPS = frozenset({"disposition", "tags"})


_LISTS = re.compile(
    rb"\s*(\xef\xbb\xbf)?(#EXTM3U|ffconcat version|\[playlist\]|\[Reference\]|v=0\r?\no=|RTSPtext|"
    rb"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(MPD|asx|playlist|smil|SmoothStreamingMedia|wpl)\b)",
    re.IGNORECASE | re.DOTALL,
)


def names_other_files(head: bytes) -> bool:
    """Whether a file begins like a playlist, list or manifest: formats through which a reader opens further files and
    addresses. ffmpeg hides some of them behind "invalid data", so they are told by their first bytes."""
    return _LISTS.match(head) is not None


def media_info(answer: bytes, *, size: int) -> MediaInfo:
    """ffprobe's JSON as MediaInfo. `duration_seconds` is what the container promises, 0 where it promises nothing.

    Raises BadMedia: NOT_MEDIA, FORMAT_NOT_ALLOWED, ENCRYPTED, NO_AV_STREAM, CODEC_UNSUPPORTED.
    """
    form, streams = _facts(answer)
    if form.get("probe_score", 0) < MIN_PROBE_SCORE:
        raise BadMedia(RejectionCode.NOT_MEDIA, "The file is not a video or audio file.")
    names = str(form.get("format_name", "")).split(",")
    demuxer = next((n for n in names if n in DEMUXERS), None)
    if demuxer is None:
        message = "This kind of file is not accepted; send a video or audio file."
        raise BadMedia(RejectionCode.FORMAT_NOT_ALLOWED, message, detail=f"format {names}")
    if any(s.get("codec_tag_string") in {"encv", "enca"} for s in streams):
        raise BadMedia(RejectionCode.ENCRYPTED, "The file is encrypted; send it without copy protection.")
    video = _best([s for s in streams if s.get("codec_type") == "video" and not _is_cover(s)])
    audio = [s for s in streams if s.get("codec_type") == "audio"]
    if video is None and not audio:
        raise BadMedia(RejectionCode.NO_AV_STREAM, "The file holds neither picture nor sound.")
    for stream in filter(None, [video, *audio]):
        if stream.setdefault("codec_name", "unknown") == "unknown":
            message = f"The file's {stream['codec_type']} codec is not known here; send H.264, HEVC, VP9 or AV1."
            raise BadMedia(RejectionCode.CODEC_UNSUPPORTED, message, detail=str(stream.get("codec_tag_string")))
    return MediaInfo(
        container=names[0] if len(names) == 1 else str(form["format_name"]),
        demuxer=demuxer,
        duration_seconds=_duration(form, streams),
        size=size,
        video=_video(video) if video else None,
        audio=tuple(_audio(s) for s in audio if int(s.get("channels", 0)) > 0),
        text=tuple(_text(s) for s in streams if s.get("codec_type") == "subtitle"),
    )


def progress_seconds(line: str) -> float | None:
    """The position in seconds that a line of `-progress` tells, None for other lines."""
    name, _, value = line.partition("=")
    if name != "out_time_us" or not re.fullmatch(r"-?[0-9]{1,18}", value):
        return None
    return max(0.0, int(value) / 1e6)


def loudness(stderr: str) -> tuple[float, float] | None:
    """Integrated loudness in LUFS and true peak in dBTP from ebur128's summary; None for silence.

    Raises ValueError when there is no summary.
    """
    summary = stderr.rpartition("Summary:")[2]
    integrated = re.search(r"I:\s+(-?[\d.]+|-inf|nan) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+|-inf|nan) dBFS", summary)
    if not integrated or not peak:
        raise ValueError(f"no loudness summary in {stderr[-200:]!r}")
    lufs, dbtp = float(integrated[1]), float(peak[1])
    # R128's own gate: what is quieter than -70 LUFS counts as silence.
    return (lufs, dbtp) if lufs > -70 and math.isfinite(dbtp) else None


def packets(csv: str) -> tuple[int, float, tuple[float, ...]]:
    """Frames, duration in seconds, and the times of the keyframes, from `commands.packets`."""
    rows = [row for row in (line.split(",") for line in csv.splitlines()) if _is_number(row[0].lstrip("-"))]
    times = [(float(row[0]), "K" in row[1]) for row in rows if len(row) > 1]
    duration = next((float(row[0]) for row in reversed(rows) if len(row) == 1), 0.0)
    return len(times), duration, tuple(sorted(at for at, key in times if key))


def printed_times(text: str, *, key: str | None = None) -> list[float]:
    """Frame times in seconds as the `metadata` filter printed them; with `key`, of frames that carry that key."""
    times, at = [], 0.0
    for line in text.splitlines():
        stamp = re.search(r"pts_time:(-?[0-9]{1,12}(?:\.[0-9]+)?)", line)
        if stamp:
            at = max(0.0, float(stamp[1]))
            if key is None:
                times.append(at)
        elif key and line.startswith(f"{key}="):
            times.append(at)
    return times


def _facts(answer: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Format and streams. What a hostile file makes ffprobe say is of the type that is read here, or is left out."""
    try:
        told = json.loads(answer)
    except ValueError:
        told = None
    whole = told if isinstance(told, dict) else {}
    streams = [_typed(s) for s in _list(whole.get("streams"))]
    return _typed(whole.get("format")), [s for s in streams if "index" in s]


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


def _best(videos: list[dict[str, Any]]) -> dict[str, Any] | None:
    chosen = [v for v in videos if v.get("disposition", {}).get("default")]
    return next(iter(chosen or videos), None)


def _is_cover(stream: Mapping[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _video(s: Mapping[str, Any]) -> VideoStream:
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
        pixel_format=str(s.get("pix_fmt", "unknown")),
        transfer=str(s.get("color_transfer", "unknown")),
        matrix=str(s.get("color_space", "unknown")),
        interlaced=s.get("field_order") in {"tt", "bb", "tb", "bt"},
        frames=s.get("nb_frames"),
    )


def _audio(s: Mapping[str, Any]) -> AudioStream:
    return AudioStream(
        index=int(s["index"]),
        codec=str(s["codec_name"]),
        channels=int(s["channels"]),
        sample_rate=int(s.get("sample_rate", 0)),
        language=_language(s),
        default=bool(s.get("disposition", {}).get("default")),
    )


def _text(s: Mapping[str, Any]) -> TextStream:
    marks = s.get("disposition", {})
    kind: TextKind = "captions" if marks.get("hearing_impaired") or marks.get("captions") else "subtitles"
    return TextStream(
        index=int(s["index"]),
        codec=str(s.get("codec_name", "unknown")),
        language=_language(s),
        kind="forced" if marks.get("forced") else kind,
    )


def _language(s: Mapping[str, Any]) -> str:
    """Only what looks like a language code: a tag is a user's text."""
    tag = str(s.get("tags", {}).get("language", "und"))
    return tag.lower() if re.fullmatch(r"[A-Za-z]{2,3}", tag) else "und"


def _rotation(s: Mapping[str, Any]) -> int:
    """Degrees clockwise that a player turns the picture; odd angles count as the nearest quarter."""
    angles = (d.get("rotation") for d in s.get("side_data_list", []))
    angle = next((a for a in angles if isinstance(a, int | float) and math.isfinite(a)), 0)
    return round(-angle / 90) * 90 % 360


def _frame_rate(s: Mapping[str, Any]) -> Fraction:
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


def _duration(form: Mapping[str, Any], streams: list[dict[str, Any]]) -> float:
    """Chapters and subtitles can claim a hundred hours: picture and sound decide."""
    seen = [
        float(s["duration"])
        for s in streams
        if s.get("codec_type") in {"video", "audio"} and not _is_cover(s) and _is_number(s.get("duration"))
    ]
    claimed = form.get("duration")
    return max(seen, default=float(claimed) if claimed is not None and _is_number(claimed) else 0.0)


def _is_number(text: str | None) -> bool:
    return bool(text) and re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", str(text)) is not None
