"""Values for tests, each with what the test does not care about filled in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from media_pipeline.domain.job import Job, JobState
from media_pipeline.domain.media import AudioStream, MediaInfo, VideoStream
from media_pipeline.domain.profile import AudioRecipe, Rung, StreamRecipe
from media_pipeline.domain.results import (
    AudioTrack,
    AudioTracks,
    Made,
    PackagedTrack,
    Rendition,
    Source,
    Stream,
    Subtitles,
    SubtitleTrack,
    Tags,
    Thumbnails,
)
from media_pipeline.domain.session import Announced, Session, part_size
from media_pipeline.domain.upload import StoredObject, Upload, received

AAC = AudioRecipe("aac", 128_000, 2, 48_000, -16, -1)
CMAF = StreamRecipe("cmaf", gop_seconds=2, segment_seconds=4)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MADE = Made("0123456789abcdef", "ffmpeg 9 (rlimits)", None, 1.5)


def stored(key: str = "clip.mp4", etag: str = "e1", size: int = 1000, bucket: str = "uploads") -> StoredObject:
    return StoredObject(bucket, key, etag, size, NOW)


def upload(key: str = "clip.mp4", etag: str = "e1", size: int = 1000) -> Upload:
    return received(stored(key, etag, size))


def announced(size: int = 1000, **changes: Any) -> Announced:
    return replace(Announced("clip.mp4", size, "video/mp4", "clip.mp4", "default"), **changes)


def session(name: str = "u1", size: int = 1000, **changes: Any) -> Session:
    of = announced(size)
    day = timedelta(hours=24)
    return replace(
        Session(name, "default", "uploads", f"{name}/clip.mp4", of, part_size(size), NOW, NOW + day), **changes
    )


def job(**changes: Any) -> Job:
    of = upload()
    queued = Job(
        of.media_id, of.version, of.bucket, of.key, of.etag, of.size, title="clip.mp4", tenant="default",
        profile="default", state=JobState.QUEUED, tasks=(), failure=None, revision=0, received_at=NOW,
        started_at=None, playable_at=None, finished_at=None, run_id=None,
    )  # fmt: skip
    return replace(queued, **changes)


def video(width: int = 1280, height: int = 720, **changes: Any) -> VideoStream:
    stream = VideoStream(
        0, "h264", width, height, width, height, 0, Fraction(25), "yuv420p", "bt709", "bt709", False, 250, 10.0
    )
    return replace(stream, **changes)


def audio(**changes: Any) -> AudioStream:
    return replace(AudioStream(1, "aac", 2, 48000, "und", True, 10.0), **changes)


def info(**changes: Any) -> MediaInfo:
    whole = MediaInfo("mov,mp4,m4a,3gp,3g2,mj2", "mov", 10.0, 1000, video(), (audio(),), (), 0.0, 2)
    return replace(whole, **changes)


def source(of: Upload | None = None, profile: str = "default", **changes: Any) -> Source:
    return Source(of or upload(), profile, info(**changes), MADE)


def rung(short_side: int, name: str | None = None, **changes: Any) -> Rung:
    return replace(Rung(name or f"{short_side}p", "h264", short_side, 23, 1_000_000, "veryfast"), **changes)


def rendition(name: str = "720p", width: int = 1280, height: int = 720, **changes: Any) -> Rendition:
    prefix = f"{upload().media_id}/{upload().version}/renditions/a1"
    made = Rendition(
        name, "h264", width, height, "25", 250, 10.0, 5000, f"{prefix}/{name}.mp4", (0.0, 2.0, 4.0, 6.0, 8.0), MADE
    )
    return replace(made, **changes)


def tracks(**changes: Any) -> AudioTracks:
    track = AudioTrack("und", True, 2, "aac", 0.0, 10.0, -16.2, -1.6, 900, f"{upload().media_id}/a.mp4")
    return AudioTracks((replace(track, **changes),), MADE)


def stream() -> Stream:
    prefix = f"{upload().media_id}/{upload().version}/stream/b2"
    packaged = (PackagedTrack("720p", "h264", 1280, 720, 4000, 5000),)
    return Stream(f"{prefix}/master.m3u8", f"{prefix}/manifest.mpd", packaged, 4.0, 0.0, (), MADE)


def thumbnails() -> Thumbnails:
    prefix = f"{upload().media_id}/{upload().version}/thumbnails/c3"
    return Thumbnails(
        f"{prefix}/poster.jpg", 2.0, f"{prefix}/storyboard.vtt", (f"{prefix}/storyboard-0.jpg",), 5,
        f"{prefix}/preview.webp", MADE,
    )  # fmt: skip


def subtitles() -> Subtitles:
    prefix = f"{upload().media_id}/{upload().version}/subtitles/d4"
    vtt, srt, words, dash = (f"{prefix}/{n}" for n in ("subtitles.vtt", "subtitles.srt", "words.json", "manifest.mpd"))
    track = SubtitleTrack("en", "subtitles", "speech", vtt, srt, words, dash, 3, 9.5)
    return Subtitles(track, 0.98, 12, "hello", 0.2, MADE)


def tags() -> Tags:
    return Tags((), ((0.0, 10.0),), 5, MADE)
