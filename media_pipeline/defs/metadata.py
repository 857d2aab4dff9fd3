"""What a person wants to see of a result in Dagster's UI. Pictures are small copies inside Markdown."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg
from PIL import Image

from media_pipeline.domain.manifest import Check, Manifest
from media_pipeline.domain.results import (
    AudioTracks,
    EmbeddedSubtitles,
    Made,
    NotMade,
    Rendition,
    Source,
    Stream,
    Subtitles,
    Tags,
    Thumbnails,
)

Metadata = dict[str, dg.MetadataValue[Any]]
_BAR = 12


def made(by: Made) -> Metadata:
    facts: Metadata = {
        "tool": dg.MetadataValue.text(by.tool),
        "seconds": dg.MetadataValue.float(by.seconds),
        "fingerprint": dg.MetadataValue.text(by.fingerprint),
    }
    return facts | ({"model": dg.MetadataValue.text(by.model)} if by.model else {})


def source(value: Source) -> Metadata:
    info = value.info
    facts: Metadata = {
        "kind": dg.MetadataValue.text(info.kind),
        "container": dg.MetadataValue.text(info.container),
        "duration_seconds": dg.MetadataValue.float(info.duration_seconds),
        "bytes": dg.MetadataValue.int(info.size),
        "audio_tracks": dg.MetadataValue.int(len(info.audio)),
        "profile": dg.MetadataValue.text(value.profile),
    }
    if info.video:
        video = info.video
        facts["display_size"] = dg.MetadataValue.text(f"{video.display_width}×{video.display_height}")
        facts["video"] = dg.MetadataValue.text(f"{video.codec} {video.pixel_format}, {float(video.frame_rate):.3f} fps")
    return facts | made(value.made)


def rendition(value: Rendition) -> Metadata:
    return {
        "size": dg.MetadataValue.text(f"{value.width}×{value.height}"),
        "bytes": dg.MetadataValue.int(value.bytes),
        "frames": dg.MetadataValue.int(value.frames),
        "duration_seconds": dg.MetadataValue.float(value.duration_seconds),
        "real_time_factor": dg.MetadataValue.float(_factor(value.made.seconds, value.duration_seconds)),
        "passed_through": dg.MetadataValue.bool(value.passed_through),
        "tries": dg.MetadataValue.int(value.tries),
        **({"vmaf": dg.MetadataValue.float(value.likeness.vmaf_mean)} if value.likeness else {}),
        **made(value.made),
    }


def audio(value: AudioTracks) -> Metadata:
    rows = [
        {
            "language": t.language,
            "channels": t.channels,
            "loudness (LUFS)": "silent" if t.loudness_lufs is None else f"{t.loudness_lufs:.1f}",
            "true peak (dBTP)": "—" if t.true_peak_dbtp is None else f"{t.true_peak_dbtp:.1f}",
            "bytes": t.bytes,
        }
        for t in value.tracks
    ]
    return {"tracks": _table(rows), **made(value.made)}


def stream(value: Stream, *, hls: str, dash: str) -> Metadata:
    """`hls` and `dash` are addresses."""
    ladder = [
        {
            "rung": r.name,
            "codec": r.codec,
            "size": f"{r.width}×{r.height}",
            "kbit/s": round(r.bitrate / 1000),
            "bytes": r.bytes,
        }
        for r in value.renditions
    ]
    facts: Metadata = {
        "hls": dg.MetadataValue.path(hls),
        "dash": dg.MetadataValue.path(dash),
        "longest_segment_seconds": dg.MetadataValue.float(value.longest_segment_seconds),
        **({"playlist_faults": dg.MetadataValue.text("\n".join(value.faults))} if value.faults else {}),
    }
    return facts | ({"ladder": _table(ladder)} if ladder else {}) | made(value.made)


def thumbnails(value: Thumbnails, *, poster: bytes, storyboard: bytes, preview: str) -> Metadata:
    """`preview` is an address: it is too large for the event log."""
    return {
        "preview": dg.MetadataValue.path(preview),
        "poster": _picture("poster", poster, 480),
        "storyboard": _picture("storyboard", storyboard, 800),
        "tiles": dg.MetadataValue.int(value.tiles),
        "poster_at_seconds": dg.MetadataValue.float(value.poster_at),
        **made(value.made),
    }


def subtitles(said: Subtitles | NotMade, came: EmbeddedSubtitles | NotMade) -> Metadata:
    return (not_made(said.reason) if isinstance(said, NotMade) else _said(said)) | (
        {} if isinstance(came, NotMade) else _came(came)
    )


def _said(value: Subtitles) -> Metadata:
    return {
        "excerpt": dg.MetadataValue.md(f"> {_plain(value.excerpt)}"),
        "language": dg.MetadataValue.text(f"{value.track.language} ({value.language_confidence:.0%})"),
        "words": dg.MetadataValue.int(value.word_count),
        "cues": dg.MetadataValue.int(value.track.cues),
        "real_time_factor": dg.MetadataValue.float(value.real_time_factor),
        **made(value.made),
    }


def _came(value: EmbeddedSubtitles) -> Metadata:
    kept = ", ".join(f"{t.language} {t.kind}" for t in value.tracks)
    return {
        "embedded": dg.MetadataValue.text(kept or "none"),
        "warnings": dg.MetadataValue.text(" ".join(value.warnings) or "none"),
    }


def tags(value: Tags) -> Metadata:
    lines = [
        f"| {_plain(t.name)} | {t.kind} | `{'█' * round(t.confidence * _BAR):<{_BAR}}` {t.confidence:.2f} |"
        for t in sorted(value.tags, key=lambda t: -t.confidence)
    ]
    chart = "\n".join(["| tag | kind | confidence |", "|---|---|---|", *lines]) if lines else "No tags: no evidence."
    return {
        "tags": dg.MetadataValue.md(chart),
        "scenes": dg.MetadataValue.int(len(value.scenes)),
        "frames_seen": dg.MetadataValue.int(value.frames_seen),
        **made(value.made),
    }


def manifest(value: Manifest, *, address: str) -> Metadata:
    return {
        "manifest": dg.MetadataValue.path(address),
        "revision": dg.MetadataValue.int(value.revision),
        "play": dg.MetadataValue.md(f"`media-pipeline open {value.id}`"),
        "checks_failed": dg.MetadataValue.int(sum(not c.passed for c in value.checks)),
    }


def not_made(reason: str) -> Metadata:
    return {"not_made": dg.MetadataValue.text(reason)}


def check_specs(asset: Sequence[str], checks: Mapping[str, str]) -> list[dg.AssetCheckSpec]:
    """The checks an asset declares, each with what it means."""
    key = dg.AssetKey(list(asset))
    return [dg.AssetCheckSpec(name, asset=key, description=meaning) for name, meaning in checks.items()]


def check_results(asset: Sequence[str], names: Iterable[str], checks: Sequence[Check]) -> list[dg.AssetCheckResult]:
    """Dagster's results for the checks an asset declares; those that were not measured pass and say so."""
    measured = {c.name: c for c in checks}
    return [_check(asset, name, measured.get(name)) for name in names]


def _check(asset: Sequence[str], name: str, check: Check | None) -> dg.AssetCheckResult:
    key = dg.AssetKey(list(asset))
    if check is None:
        return dg.AssetCheckResult(
            passed=True, check_name=name, asset_key=key, description="not measured: nothing to judge, or no gate"
        )
    return dg.AssetCheckResult(
        passed=check.passed,
        check_name=name,
        asset_key=key,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"value": check.value, "limit": check.limit},
    )


def _table(rows: Sequence[dict[str, Any]]) -> dg.TableMetadataValue:
    return dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in rows])


def _picture(name: str, jpeg: bytes, width: int) -> dg.MarkdownMetadataValue:
    image = Image.open(io.BytesIO(jpeg))
    image.thumbnail((width, width * 4))
    small = io.BytesIO()
    image.save(small, "JPEG", quality=70)
    return dg.MetadataValue.md(f"![{name}](data:image/jpeg;base64,{base64.b64encode(small.getvalue()).decode()})")


def _plain(text: str) -> str:
    """What was said or read is data: no Markdown, no HTML."""
    return "".join(f"&#{ord(c)};" if c in "<>|`*_[]()#\\" else c for c in " ".join(text.split()))


def _factor(work: float, duration: float) -> float:
    return round(work / duration, 3) if duration else 0.0
