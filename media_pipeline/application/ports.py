"""Every port, on one page: what the use cases ask of the outside.

Each has an adapter and a fake, and one contract suite that both pass.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from media_pipeline.domain.attempt import Attempt
from media_pipeline.domain.job import Failure, Job, JobState, Origin, Task, TaskState
from media_pipeline.domain.media import AudioStream, MediaInfo, TextStream
from media_pipeline.domain.passthrough import Copy
from media_pipeline.domain.profile import AudioRecipe, PlannedRendition, SpeechModel, StreamRecipe, VisionModel
from media_pipeline.domain.receipt import Receipt
from media_pipeline.domain.results import Likeness, NotMade, Result, SubtitleTrack
from media_pipeline.domain.run import Run
from media_pipeline.domain.search import Query
from media_pipeline.domain.tags import Sighting
from media_pipeline.domain.transcript import Cue, Transcript
from media_pipeline.domain.upload import StoredObject, Upload

R = TypeVar("R")

Progress = Callable[[float], None]
"""Told how far the work is, 0 to 1. Raises Cancelled when it should stop."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the objects under a prefix, and how to ask for those after them."""

    objects: tuple[StoredObject, ...]
    next_token: str | None
    """None after the last page"""


class Store(Protocol):
    """Objects in buckets. Every method raises Unavailable(STORE_UNAVAILABLE) when the store does not answer,
    Unavailable(DISK_FULL) when it is full."""

    def head(self, bucket: str, key: str) -> StoredObject:
        """Raises Missing."""
        ...

    def list(self, bucket: str, prefix: str = "") -> Iterator[StoredObject]:
        """Every object under a prefix, in no particular order."""
        ...

    def page(self, bucket: str, prefix: str = "", *, token: str | None = None, limit: int = 1000) -> Page:
        """At most `limit` objects under a prefix, beginning where the page that gave `token` ended. What is there
        throughout is on exactly one page, whatever comes and goes meanwhile. Raises Missing for a token that the
        store does not know (any more)."""
        ...

    def read(self, bucket: str, key: str) -> tuple[bytes, str]:
        """A small object and its ETag. Raises Missing."""
        ...

    def fetch(self, bucket: str, key: str, to: Path) -> None:
        """Make an object readable at the local path `to`, which must not exist yet: by link where the store
        is local, else by download. Raises Missing; Unavailable if fewer bytes came than promised."""
        ...

    def write(
        self, bucket: str, key: str, data: bytes, *, content_type: str, if_match: str | None = None, new: bool = False
    ) -> str:
        """Write a small object whole and return its ETag. Raises Conflict when `if_match` is not the
        current ETag, or when `new` and the key exists."""
        ...

    def put(self, bucket: str, key: str, path: Path, *, content_type: str) -> None:
        """Store the file at `path` whole. The file is the store's from now on (it may be moved)."""
        ...

    def copy(self, bucket: str, key: str, to: str, *, content_type: str) -> None:
        """Store an object once more under another key of its bucket, without moving its bytes through here. Neither
        feels what becomes of the other. Raises Missing."""
        ...

    def delete(self, bucket: str, keys: Iterable[str]) -> None:
        """Delete objects; a missing one is no error."""
        ...

    def unfinished(self, bucket: str, *, before: datetime, delete: bool) -> Iterator[StoredObject]:
        """Writes that began before then and were never finished, as far as the store knows of such; taken back if
        asked. Their sizes may be unknown, and then 0."""
        ...

    def url(self, bucket: str, key: str) -> str:
        """Where a person or operator finds the object: a file path or an s3:// address. Never signed."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came, and the receipt to answer it with."""

    id: str
    """the same whenever it comes again"""
    body: str
    receipt: str
    received: int
    """how often it was handed out, this time too"""


class Hints(Protocol):
    """A queue of messages that tell of objects: each at least once, in no order, and some never.

    Raises Unavailable(STORE_UNAVAILABLE) when the queue does not answer.
    """

    def receive(self) -> list[Message]:
        """Some messages, at most ten, waiting a little where there are none. Nobody else gets them for a while; those
        that are not answered by then come again."""
        ...

    def done(self, messages: Sequence[Message]) -> None:
        """Take these off the queue; one that is not there any more is no error."""
        ...

    def set_aside(self, message: Message, reason: str) -> None:
        """Take a message off the queue after keeping it where an operator finds it, with the reason."""
        ...


class Catalogue(Protocol):
    """The truth users are told: jobs by media and version, their states and tasks.

    Raises Unavailable(STORE_UNAVAILABLE) when the database does not answer.
    """

    def register(
        self,
        upload: Upload,
        *,
        title: str,
        tenant: str,
        profile: str,
        tasks: Sequence[str],
        origin: Origin = Origin.LIVE,
        at: datetime,
    ) -> Job:
        """The job of this object version: made now (*queued*, tasks *waiting*), or as it already is.

        A new version becomes the media's current one, and in the same transaction whatever is under way of the others
        is *cancelled* as superseded. Bytes that were current before and are not any more, or whose file had gone
        (`domain.job.WITHDRAWN`), are a new version of the same ETag. Erased bytes stay erased."""
        ...

    def known(self, bucket: str, versions: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of these (key, ETag) pairs `register` would leave as they are: the current version of a file that has
        not gone, or erased. A set query, however many are asked for."""
        ...

    def job(self, media_id: str, version: str | None = None) -> Job:
        """The job of a version, by default the media's current one. Raises Missing."""
        ...

    def versions(self, media_id: str) -> list[Job]:
        """The jobs of every version of a media, the current one first, then the newest; none of one that is not
        known."""
        ...

    def content(self, media_id: str, version: str, sha256: str) -> None:
        """Note the SHA-256 of a version's bytes. Raises Missing."""
        ...

    def alike(self, media_id: str, version: str, *, limit: int) -> list[Job]:
        """Other jobs of the same tenant whose bytes are the same, newest first, without the removed; none where the
        version's own content was not noted."""
        ...

    def erase(self, receipt: Receipt) -> None:
        """Make a tombstone of a media and keep the receipt: every version is *removed* as erased; title, key, tenant,
        words and reasons are gone. What its ETags name is known for ever. Raises Missing."""
        ...

    def receipt(self, media_id: str) -> Receipt | None:
        """Of the last time a media was erased; None while it is not, or not any more."""
        ...

    def jobs(
        self,
        *,
        state: JobState | None = None,
        text: Query | None = None,
        after: tuple[datetime, str] | None = None,
        limit: int = 50,
    ) -> list[Job]:
        """Current jobs, newest first: a page of them, beginning after a place (`Job.place` of the last one seen).
        With `text`, those whose title or description has all of its words."""
        ...

    def describe(self, media_id: str, texts: Iterable[str]) -> None:
        """What a media is found by, beside its title; in the place of what was there. Raises Missing."""
        ...

    def line(self, bucket: str, *, limit: int) -> list[Job]:
        """Current jobs of a bucket that are in the queue and that no run has worked on, in the order of
        `domain.fairness`, as if none were underway."""
        ...

    def restart(
        self,
        media_id: str,
        version: str,
        *,
        run_id: str,
        profile: str,
        tasks: Sequence[str],
        fresh: bool = False,
        seen: Job | None = None,
        at: datetime,
    ) -> bool:
        """A run begins to work on a job: forget earlier failures, set these tasks *waiting* (adding those the
        job lacks; under another profile they are all it has), note run and profile; a job that is not playable yet
        becomes *processing*, a ready one is *playable* until the run is over. `fresh`: somebody asked for it, the
        tries before count no more. False when it may not, or when the job is not as `seen` any more."""
        ...

    def begin(self, media_id: str, version: str, stage: str, *, run_id: str, at: datetime) -> None:
        """A try at a stage begins; one that was still open ends as WORKER_LOST. Raises Missing."""
        ...

    def end(
        self,
        media_id: str,
        version: str,
        stage: str | None = None,
        *,
        failure: Failure | None = None,
        seen: Job | None = None,
        at: datetime,
    ) -> None:
        """The open try at a stage is over, or every open one of the job. Raises Conflict when the job's state or run
        is not as `seen` any more."""
        ...

    def attempts(self, media_id: str, version: str) -> list[Attempt]:
        """Every try at a job, as they began."""
        ...

    def unsettled(self, *, limit: int) -> list[Job]:
        """Jobs of any version that look as if a run were at work on them: *processing*, or *playable* and not
        finished, or with an open task. Without those in the queue; longest received first."""
        ...

    def settled(self, media_id: str, version: str, *, seen: Job, at: datetime) -> None:
        """Nobody works on a *playable* job any more: stamp `finished_at`, if it is still as `seen`."""
        ...

    def move(
        self,
        media_id: str,
        version: str,
        to: JobState,
        *,
        failure: Failure | None = None,
        seen: Job | None = None,
        at: datetime,
    ) -> bool:
        """Compare-and-set along `domain.job.ALLOWED`; False when the current state does not allow it or is
        already `to`, or when the job's state or run is not as `seen` any more. Stamps started_at, playable_at and
        finished_at. Raises Missing."""
        ...

    def over_since(self, media_ids: Collection[str]) -> dict[str, datetime]:
        """Since when nobody works on these media, or has to: those that are over, by id. A set query."""
        ...

    def published(self, media_id: str, version: str, revision: int) -> None:
        """Note the manifest's revision; never lowers it, but 0 says that it is out no more. Raises Missing."""
        ...

    def task(
        self,
        media_id: str,
        version: str,
        name: str,
        state: TaskState,
        *,
        progress: float = 0.0,
        seconds: float | None = None,
        reason: str | None = None,
        fingerprint: str | None = None,
        seen: Job | None = None,
        at: datetime,
    ) -> Task:
        """Write how a task stands, whole. Stamps `started_at` when it starts running. Raises Missing; Conflict when
        the job's state or run is not as `seen` any more."""
        ...

    def progress(self, media_id: str, version: str, names: Collection[str], done: float, *, seconds: float) -> JobState:
        """Note in one write how far these tasks are, of which only the running ones change, and answer how their job
        stands. Raises Missing."""
        ...


@dataclass(frozen=True, slots=True)
class EncodedVideo:
    """A rendition in scratch, measured from the file itself."""

    path: Path
    frames: int
    duration_seconds: float
    keyframes: tuple[float, ...]
    lost_seconds: float | None = None
    """the longest time over which it is black, or stands still, though its source is not, or does not; None for a copy,
    which is judged otherwise"""


@dataclass(frozen=True, slots=True)
class EncodedAudio:
    """An encoded track in scratch, measured from the file itself. Loudness is None for silence. A track of which not
    one sample decodes lasts 0 s and has no file."""

    path: Path
    channels: int
    start_seconds: float
    duration_seconds: float
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    decoded_seconds: float
    """up to where the source's track decodes; what follows is silence"""


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture: packed RGB, `width * height * 3` bytes."""

    at: float
    """seconds"""
    width: int
    height: int
    rgb: bytes


class Results(Protocol):
    """What each asset handed on, by upload and asset key joined by "/"."""

    def save(self, upload: Upload, asset: str, value: Result | SubtitleTrack | NotMade) -> None: ...

    def load(self, upload: Upload, asset: str, kind: type[R]) -> R | NotMade | None:
        """None where the asset was never materialised: absence is a value."""
        ...

    def load_all(self, upload: Upload, folder: str, kind: type[R]) -> list[R]:
        """Every result saved as `<folder>/<name>`, in the order of their names, without those that are NotMade."""
        ...


class MediaTool(Protocol):
    """The one way an upload is decoded: a sandboxed ffmpeg. All outputs go to `scratch`, a directory of the
    caller's. Every method raises BadMedia when the file is at fault, Unavailable when we are."""

    @property
    def build(self) -> str:
        """Program, version and sandbox, for provenance."""
        ...

    def probe(self, source: Path) -> MediaInfo: ...

    def encode(
        self,
        source: Path,
        info: MediaInfo,
        renditions: Sequence[PlannedRendition],
        tracks: Sequence[AudioStream],
        *,
        audio: AudioRecipe,
        stream: StreamRecipe,
        set_aside: Sequence[range] = (),
        follow: bool = False,
        scratch: Path,
        progress: Progress,
    ) -> tuple[list[EncodedVideo], list[EncodedAudio]]:
        """Decode once and encode everything asked for, in the order asked, largest first. The frames of the
        passages `set_aside`, counted in output frames, stay in `scratch` for `likeness`. With `follow` keyframes
        stand where the source has its own."""
        ...

    def copy(self, source: Path, info: MediaInfo, *, scratch: Path, progress: Progress) -> tuple[EncodedVideo, Copy]:
        """The picture as it is, without anything that is not picture, and what its packets hold."""
        ...

    def decodes(self, copy: EncodedVideo, info: MediaInfo, *, progress: Progress) -> bool:
        """Whether a copy decodes from its first frame to its last without one error."""
        ...

    def join(self, inputs: Sequence[Path], *, scratch: Path) -> Path:
        """Our own MP4s of one track each as one MP4 that plays while it is downloaded. Nothing is encoded."""
        ...

    def likeness(
        self,
        info: MediaInfo,
        renditions: Sequence[PlannedRendition],
        videos: Sequence[EncodedVideo],
        *,
        passages: Sequence[range],
        scratch: Path,
    ) -> list[Likeness | None]:
        """How like the pictures that `encode` set aside in the same `scratch` these look, each at its own size; None
        for one too small to judge. Largest first."""
        ...

    def keyframe_tiles(
        self, source: Path, info: MediaInfo, *, interval_seconds: float, width: int, scratch: Path
    ) -> list[Frame]:
        """One small picture per interval, decoded from keyframes only; at least one."""
        ...

    def picture(self, source: Path, info: MediaInfo, *, at: float, width: int, scratch: Path) -> Path:
        """A JPEG of the picture at a time, at most `width` wide, never upscaled."""
        ...

    def preview(
        self,
        source: Path,
        info: MediaInfo,
        *,
        starts: Sequence[float],
        seconds: float,
        rate: int,
        width: int,
        scratch: Path,
    ) -> Path:
        """An animated WebP that loops: passages of so many seconds, one after the other, never upscaled."""
        ...

    def look(
        self, source: Path, info: MediaInfo, *, every_seconds: float, width: int, scratch: Path, progress: Progress
    ) -> tuple[list[Frame], list[float]]:
        """Decode once: sampled frames, and the times in seconds at which the scene cuts."""
        ...

    def speech(self, source: Path, info: MediaInfo, track: AudioStream, *, scratch: Path) -> Path:
        """The track as 16 kHz mono signed 16-bit little-endian PCM, its time starting at the media's start."""
        ...

    def text(self, source: Path, info: MediaInfo, stream: TextStream, *, scratch: Path) -> list[Cue]:
        """The cues of an embedded text track as their author left them: neither clean nor in order."""
        ...


@dataclass(frozen=True, slots=True)
class Packaged:
    """What the packager left in `directory`: file names, all relative to it."""

    directory: Path
    hls: str
    dash: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackagingInput:
    """One of our own MP4s or WebVTTs to package. `label` and `language` are "" for video."""

    path: Path
    kind: Literal["video", "audio", "text"]
    name: str
    """of its files; letters, digits and - only"""
    label: str
    """what a player's menu shows; unique among the tracks of a kind, without commas"""
    language: str
    default: bool


class Packager(Protocol):
    """HLS and DASH over one set of CMAF files. Reads only what our own ffmpeg made."""

    @property
    def build(self) -> str: ...

    def package(self, inputs: Sequence[PackagingInput], *, segment_seconds: float, scratch: Path) -> Packaged:
        """Writes into a directory of its own below `scratch`."""
        ...


class Recogniser(Protocol):
    """Speech to text. Gets PCM, never a file of a user's."""

    @property
    def build(self) -> str: ...

    def transcribe(
        self, pcm: Path, *, model: SpeechModel, language: str | None, progress: Progress
    ) -> Transcript | None:
        """The words of 16 kHz mono s16le PCM; None when nobody speaks."""
        ...


class Eye(Protocol):
    """Pictures to sightings: labels and on-screen text. Gets RGB, never a file of a user's."""

    @property
    def build(self) -> str: ...

    def look(self, frames: Sequence[Frame], *, model: VisionModel, progress: Progress) -> list[Sighting]:
        """Everything seen in each frame, above the model's own floor; evidence is the caller's business."""
        ...


class History(Protocol):
    """What Dagster remembers."""

    def runs(self, media_ids: Collection[str]) -> dict[str, list[Run]]:
        """Every run over these media, by media; a media without one is absent."""
        ...

    def at_work(self) -> set[str]:
        """The media that a run has begun on and not ended, or was made for and never queued."""
        ...

    def made(self, run_ids: Collection[str]) -> set[str]:
        """The assets that these runs materialised, by name."""
        ...


class Engine(Protocol):
    """Dagster, as far as the outside may use it."""

    def cancel(self, media_id: str, version: str) -> None:
        """Stop every run of a version that has not ended, queued ones too; none is no error."""
        ...

    def launch(self, media_id: str, version: str, *, assets: Collection[str] | None, tags: Mapping[str, str]) -> str:
        """Put a run over these assets of a version into the queue (None: all), whoever's daemon takes it up. The
        run's id. A media that was archived is there again. Raises Missing where it knows none of the assets."""
        ...

    def stop(self, run_id: str) -> None:
        """End a run that nobody needs or that shows no sign of life; its job is not cancelled by it. One that has
        ended is left."""
        ...

    def forget(self, media_id: str) -> int:
        """Stop and then delete every run over a media, its logs and its partition; how many runs there were. Raises
        Conflict when a run takes too long to end: to be asked again."""
        ...
