"""The MediaTool adapter: commands, run in the sandbox, their answers parsed, their failures named."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from media_pipeline.application.ports import EncodedAudio, EncodedVideo, Frame, Progress
from media_pipeline.domain import captions
from media_pipeline.domain.errors import BadMedia, MediaError, QuarantineCode, RejectionCode, Unavailable
from media_pipeline.domain.media import AudioStream, MediaInfo, TextStream
from media_pipeline.domain.passthrough import Copy
from media_pipeline.domain.profile import AudioRecipe, PlannedRendition, StreamRecipe, output_rate
from media_pipeline.domain.results import Likeness
from media_pipeline.domain.transcript import Cue
from media_pipeline.domain.watch import Glimpse, lost_seconds
from media_pipeline.infrastructure.ffmpeg import answers, ass, commands, containers, runner, timeline, watch
from media_pipeline.infrastructure.ffmpeg.commands import Gain
from media_pipeline.infrastructure.ffmpeg.runner import LimitHit, Limits, Output, ToolFailed
from media_pipeline.infrastructure.sandbox.modes import Choice
from media_pipeline.infrastructure.sandbox.proof import in_force

_LIMITERS_HEADROOM_DB = 0.7
"""AAC raises peaks a little after the limiter has set them."""
_PROMISE_IN_BYTES = frozenset({"wav", "mp3", "avi", "flv", "asf"})
"""Of these ffprobe's duration is what the bytes that are there make."""
_MOST_INTERLACED_LINES = 1088
_INTERLACED_RATES = (25, 30)
_RATE_TOLERANCE = 0.1
"""frames per second; standards for interlaced video know no others, nor more lines"""
_JOIN_SECONDS = 3600.0
"""copying hours of video from a slow disk; nothing is encoded"""
_LEAST_COMPARED = 32
"""pixels: VMAF looks at a picture at four scales"""
_PASSAGE_SECONDS = 4.0
_TELLING_FRAMES = 45
"""Of fewer, or of a picture that stands still, the flag decides."""
_HEAD_BYTES = 4096
OLDEST = (5, 1)
"""of ffmpeg and ffprobe: what has no release that still gets security fixes is refused"""
_REASONS = (
    # what ffmpeg says, what it means, in words for the uploader
    ("Format not on whitelist", RejectionCode.FORMAT_NOT_ALLOWED,
     "This kind of file is not accepted; send video or audio."),
    ("not on whitelist", RejectionCode.CODEC_UNSUPPORTED, "The file's codec is not accepted here."),
    ("exceeds specified max pixel count", RejectionCode.LIMIT_DIMENSIONS,
     f"The picture is too large; at most {commands.MAX_PIXELS:,} pixels are accepted."),
    ("moov atom not found", RejectionCode.TRUNCATED, "The file is cut off: its index is missing. Upload it again."),
    ("Decoder not found", RejectionCode.CODEC_UNSUPPORTED, "The file's codec cannot be decoded here."),
    ("no decoder found for", RejectionCode.CODEC_UNSUPPORTED, "The file's codec cannot be decoded here."),
    ("received no packets", RejectionCode.NO_DECODABLE_FRAMES, "Nothing in the file could be decoded."),
    ("Permission denied", RejectionCode.UNREADABLE, "The file cannot be read; check its permissions."),
)  # fmt: skip


_UNCHANGED = Gain(0.0, None)


@dataclass(frozen=True, slots=True)
class _Heard:
    """Up to where a track decodes, and what brings it to its loudness."""

    seconds: float
    gain: Gain = _UNCHANGED
    refusal: BadMedia | None = None
    """why it does not"""


@dataclass(frozen=True)
class Ffmpeg:
    """ffmpeg and ffprobe as programs. `threads`: decoder and encoder threads a stream."""

    ffmpeg: str
    ffprobe: str
    threads: int = min(16, os.cpu_count() or 1)
    sandbox: Choice = "auto"
    base_seconds: float = 120.0
    """every deadline begins with this…"""
    seconds_per_second: float = 60.0
    """…and grows by this for each second of media, for an encode"""
    base_memory: int = 6 * 1024**3
    """bytes of address space, which is about twice what is really used…"""
    memory_per_thread: int = 1024**3
    """…and more for each thread: seven rungs of 4K with 16 threads take 7.7 GiB, 8K in 10 bits about twice that"""

    @cached_property
    def build(self) -> str:
        """Raises Unavailable(INTERNAL) when ffmpeg cannot be started, or ffmpeg or ffprobe is too old."""
        versions = [_new_enough(program, self._version(program)) for program in (self.ffmpeg, self.ffprobe)]
        return f"ffmpeg {versions[0]} ({in_force(self.sandbox).mode})"

    def vetted(self) -> str:
        """The build, before any upload is let near it. Raises as `build` does."""
        return self.build

    @cached_property
    def _decoders(self) -> frozenset[str]:
        """By name, of this build."""
        lines = self._said(self.ffmpeg, "-decoders").splitlines()
        return frozenset(line.split()[1] for line in lines if len(line.split()) > 1)

    def _version(self, program: str) -> str:
        words = self._said(program, "-version").split()
        if len(words) < 3 or words[0] not in ("ffmpeg", "ffprobe") or words[1] != "version":
            message = f"{Path(program).name} is not a working ffmpeg or ffprobe: it does not tell its version."
            raise Unavailable(QuarantineCode.INTERNAL, message)
        return words[2]

    def _said(self, program: str, question: str) -> str:
        with runner.temporary() as scratch:
            limits = Limits(wall_seconds=30)
            output = runner.run([program, question], scratch=scratch, limits=limits, sandbox=self.sandbox)
        return output.stdout.decode("utf-8", "replace")

    def probe(self, source: Path) -> MediaInfo:
        """Admission's look: container, streams, and the duration that the packets really have."""
        scratch, size = source.parent, source.stat().st_size
        containers.refuse_by_content(source)
        if containers.is_encrypted(source):
            raise BadMedia(RejectionCode.ENCRYPTED, "The file is encrypted; send it without copy protection.")
        output = self._on_upload(commands.probe(self.ffprobe), scratch, self.base_seconds, RejectionCode.NOT_MEDIA)
        promised = self._decodable(answers.media_info(output.stdout, size=size))
        log = timeline.Log()
        self._on_upload(
            commands.scan(self.ffmpeg, promised), scratch, self._reading_seconds(size),
            RejectionCode.UNREADABLE, log.note,
        )  # fmt: skip
        info = timeline.settled(promised, log)
        _refuse_cut_off(promised, info.told(info.duration_seconds), containers.missing_bytes(source, promised.demuxer))
        return self._with_fields(info, scratch)

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
        """Decode once and encode everything asked for; sound is measured first, so that its gain is constant."""
        measuring = _told(info.duration_seconds, lambda _: progress(0.0))
        heard = [self._heard(info, track, audio, scratch, measuring) for track in tracks]
        audible = [(track, h.gain) for track, h in zip(tracks, heard, strict=True) if h.seconds]
        unheard = EncodedAudio(scratch, audio.channels, 0.0, 0.0, None, None, 0.0)
        if not renditions and not audible:
            if info.video:
                return [], [unheard for _ in tracks]
            nothing = BadMedia(RejectionCode.NO_DECODABLE_FRAMES, "Nothing of the sound could be decoded.")
            raise next((h.refusal for h in heard if h.refusal), nothing)
        argv = commands.encode(
            self.ffmpeg, info, renditions, audible, audio=audio, stream=stream, passages=set_aside,
            threads=self.threads, follow=follow,
        )  # fmt: skip
        self._on_upload(
            argv, scratch, self._encode_seconds(info), RejectionCode.UNREADABLE, _told(info.duration_seconds, progress)
        )
        videos = self._watched([self._measured_video(scratch / f"v{i}.mp4") for i in range(len(renditions))], scratch)
        measured = (self._measured_audio(scratch / f"a{i}.mp4", audio) for i in range(len(audible)))
        sounds = [replace(next(measured), decoded_seconds=h.seconds) if h.seconds else unheard for h in heard]
        if any(v.frames == 0 for v in videos):
            raise BadMedia(RejectionCode.NO_DECODABLE_FRAMES, "Not one frame of the picture could be decoded.")
        return videos, sounds

    def copy(self, source: Path, info: MediaInfo, *, scratch: Path, progress: Progress) -> tuple[EncodedVideo, Copy]:
        told = _told(info.duration_seconds, progress)
        reading = self._reading_seconds(info.size)
        self._on_upload(
            commands.copy(self.ffmpeg, info, threads=self.threads), scratch, reading, RejectionCode.UNREADABLE, told
        )
        video = self._measured_video(scratch / "v0.mp4")
        self._on_upload(commands.units(self.ffmpeg, video.path.name), scratch, reading, RejectionCode.UNREADABLE)
        listed = {kind: (scratch / f"{kind}.crc").read_text() for kind in commands.UNITS}
        return video, answers.copy(listed, video.duration_seconds)

    def decodes(self, copy: EncodedVideo, info: MediaInfo, *, progress: Progress) -> bool:
        reached, told = [0], _told(info.duration_seconds, progress)

        def note(line: str) -> None:
            name, _, value = line.partition("=")
            if name == "frame" and value.isdecimal():
                reached[0] = int(value)
            told(line)

        argv = commands.decode(self.ffmpeg, copy.path.name, threads=self.threads)
        try:
            self._on_upload(argv, copy.path.parent, self._encode_seconds(info), RejectionCode.UNREADABLE, note)
        except BadMedia:
            return False
        return reached[0] == copy.frames

    def join(self, inputs: Sequence[Path], *, scratch: Path) -> Path:
        try:
            argv, limits = commands.join(self.ffmpeg, inputs), Limits(_JOIN_SECONDS)
            reads = [path.parent for path in inputs]
            runner.run(argv, scratch=scratch, limits=limits, reads=reads, sandbox=self.sandbox)
        except ToolFailed as failed:
            message = "The renditions could not be copied into one file."
            raise Unavailable(QuarantineCode.TOOL_CRASH, message, detail=str(failed)) from failed
        return scratch / commands.JOINED

    def likeness(
        self,
        info: MediaInfo,
        renditions: Sequence[PlannedRendition],
        videos: Sequence[EncodedVideo],
        *,
        passages: Sequence[range],
        scratch: Path,
    ) -> list[Likeness | None]:
        assert info.video is not None
        pairs = [(v.path.name, r.width, r.height) for r, v in zip(renditions, videos, strict=True)]
        large = [pair for pair in pairs if min(pair[1:]) >= _LEAST_COMPARED]
        too_small: list[Likeness | None] = [None] * (len(pairs) - len(large))  # the last ones
        if not large:
            return too_small
        rate = float(output_rate(info.video))
        argv = commands.likeness(self.ffmpeg, large, rate=rate, passages=passages, threads=self.threads)
        self._on_our_own(argv, scratch)
        return [answers.likeness((scratch / f"vmaf{i}.json").read_text()) for i in range(len(large))] + too_small

    def keyframe_tiles(
        self, source: Path, info: MediaInfo, *, interval_seconds: float, width: int, scratch: Path
    ) -> list[Frame]:
        assert info.video is not None
        wide, high = commands.fitted(info.video, width)
        for only_keyframes in (True, False):  # a stream may carry no frame that is marked as key
            argv = commands.keyframe_tiles(
                self.ffmpeg, info, interval_seconds=interval_seconds, width=wide, height=high,
                only_keyframes=only_keyframes, threads=self.threads,
            )  # fmt: skip
            self._on_upload(argv, scratch, self._encode_seconds(info), RejectionCode.UNREADABLE)
            frames = _frames(scratch / "tiles.rgb", scratch / "tiles.txt", wide, high)
            if frames:
                return frames
        raise BadMedia(RejectionCode.NO_DECODABLE_FRAMES, "Not one frame of the picture could be decoded.")

    def picture(self, source: Path, info: MediaInfo, *, at: float, width: int, scratch: Path) -> Path:
        assert info.video is not None
        wide, high = commands.fitted(info.video, width)
        argv = commands.picture(self.ffmpeg, info, at=at, width=wide, height=high, threads=self.threads)
        self._on_upload(argv, scratch, self.base_seconds, RejectionCode.UNREADABLE)
        poster = scratch / "poster.jpg"
        if not poster.exists() or poster.stat().st_size == 0:
            raise BadMedia(RejectionCode.NO_DECODABLE_FRAMES, f"No picture could be decoded at {at:.1f} s.")
        return poster

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
        assert info.video is not None
        wide, high = commands.fitted(info.video, width)
        argv = commands.preview(
            self.ffmpeg, info, starts=starts, seconds=seconds, rate=rate, width=wide, height=high, threads=self.threads
        )
        self._on_upload(argv, scratch, self._encode_seconds(info), RejectionCode.UNREADABLE)
        moving = scratch / "preview.webp"
        if not moving.exists() or moving.stat().st_size == 0:
            raise BadMedia(RejectionCode.NO_DECODABLE_FRAMES, "Not one frame of the picture could be decoded.")
        return moving

    def look(
        self, source: Path, info: MediaInfo, *, every_seconds: float, width: int, scratch: Path, progress: Progress
    ) -> tuple[list[Frame], list[float]]:
        assert info.video is not None
        wide, high = commands.fitted(info.video, width)
        argv = commands.look(
            self.ffmpeg, info, every_seconds=every_seconds, width=wide, height=high, threads=self.threads
        )
        self._on_upload(
            argv, scratch, self._encode_seconds(info), RejectionCode.UNREADABLE, _told(info.duration_seconds, progress)
        )
        frames = _frames(scratch / "frames.rgb", scratch / "frames.txt", wide, high)
        return frames, answers.printed_times((scratch / "scenes.txt").read_text(), key="lavfi.scd.time")

    def speech(self, source: Path, info: MediaInfo, track: AudioStream, *, scratch: Path) -> Path:
        argv = commands.speech(self.ffmpeg, info, track, threads=self.threads)
        self._on_upload(argv, scratch, self._encode_seconds(info), RejectionCode.UNREADABLE)
        return scratch / "speech.pcm"

    def text(self, source: Path, info: MediaInfo, stream: TextStream, *, scratch: Path) -> list[Cue]:
        argv = commands.text(self.ffmpeg, info, stream, most_bytes=captions.MAX_BYTES)
        self._on_upload(argv, scratch, self._reading_seconds(info.size), RejectionCode.UNREADABLE)
        written = scratch / commands.TEXT
        if written.stat().st_size > captions.MAX_BYTES:
            raise BadMedia(RejectionCode.LIMIT_SIZE, "A track of subtitles is larger than any honest one.")
        cues = ass.cues(written.read_text(encoding="utf-8", errors="replace"))
        return [replace(cue, start=info.played(cue.start), end=info.played(cue.end)) for cue in cues]

    def _decodable(self, info: MediaInfo) -> MediaInfo:
        """A build that cannot decode alpha shows the colour beneath, opaque."""
        video = info.video
        beside = commands.ALPHA_DECODERS.get(video.codec) if video and video.pixel_format == "yuva420p" else None
        if video is None or beside is None or beside in self._decoders:
            return info
        return replace(info, video=replace(video, pixel_format="yuv420p"))

    def _with_fields(self, info: MediaInfo, scratch: Path) -> MediaInfo:
        """Whether frames show two instants is measured: flags are wrong both ways."""
        video = info.video
        if video is None or video.coded_height > _MOST_INTERLACED_LINES:
            return info
        if all(abs(video.frame_rate - rate) > _RATE_TOLERANCE for rate in _INTERLACED_RATES):
            return info
        middle = info.duration_seconds / 2
        starts = [0.0, middle] if middle > 2 * _PASSAGE_SECONDS else [0.0]
        argv = commands.fields(self.ffmpeg, info, starts=starts, seconds=_PASSAGE_SECONDS, threads=self.threads)
        output = self._on_upload(argv, scratch, self.base_seconds, RejectionCode.UNREADABLE)
        top, bottom, whole = answers.interlacing(output.stderr)
        if top + bottom + whole < _TELLING_FRAMES:
            return info
        # Fields have one order. Some motion of whole frames looks like fields, but of both orders by turns; of film
        # in NTSC two frames in five are mixed.
        one_order = max(top, bottom) > 4 * min(top, bottom) and max(top, bottom) > whole / 2
        measured = replace(video, interlaced=one_order, top_field_first=top >= bottom)
        return replace(info, video=measured)

    def _heard(
        self, info: MediaInfo, track: AudioStream, recipe: AudioRecipe, scratch: Path, on_line: Callable[[str], None]
    ) -> _Heard:
        """A track that cannot be decoded, or breaks its decoder, costs itself and not the media: zero seconds."""
        reached = [0.0]

        def note(line: str) -> None:
            reached[0] = answers.progress_seconds(line) or reached[0]
            on_line(line)

        argv = commands.measure_loudness(self.ffmpeg, info, track, recipe, threads=self.threads)
        try:
            output = self._on_upload(argv, scratch, self._encode_seconds(info), RejectionCode.UNREADABLE, note)
        except BadMedia as refusal:
            return _Heard(0.0, refusal=refusal)
        loudness = answers.loudness(output.stderr) if reached[0] else None
        if loudness is None:
            return _Heard(reached[0])
        decibels = recipe.loudness_lufs - loudness[0]
        ceiling = recipe.true_peak_dbtp - _LIMITERS_HEADROOM_DB
        return _Heard(reached[0], Gain(decibels, ceiling if loudness[1] + decibels > ceiling else None))

    def _measured_video(self, path: Path) -> EncodedVideo:
        output = self._on_our_own(commands.packets(self.ffprobe, path.name), path.parent)
        frames, duration, keyframes = answers.packets(output.stdout.decode())
        return EncodedVideo(path, frames, duration, keyframes)

    def _watched(self, videos: Sequence[EncodedVideo], scratch: Path) -> list[EncodedVideo]:
        """Beside the glimpses of their source that the encode left."""
        seen = [video.path.name for video in videos if video.frames]
        if not seen:
            return list(videos)
        self._on_our_own(commands.glimpses(self.ffmpeg, seen, threads=self.threads), scratch)
        source = _glimpses(scratch, watch.SOURCE)
        return [
            replace(v, lost_seconds=lost_seconds(source, _glimpses(scratch, v.path.name), end=v.duration_seconds))
            if v.frames else v
            for v in videos
        ]  # fmt: skip

    def _measured_audio(self, path: Path, recipe: AudioRecipe) -> EncodedAudio:
        output = self._on_our_own(commands.measure_our_own(self.ffmpeg, path.name, threads=self.threads), path.parent)
        heard = answers.loudness(output.stderr)
        probed = self._on_our_own(commands.sound(self.ffprobe, path.name), path.parent)
        start, duration = (float(word) for word in probed.stdout.decode().strip().split(","))
        loudness, peak = heard or (None, None)
        return EncodedAudio(path, recipe.channels, start, duration, loudness, peak, duration)

    def _reading_seconds(self, size: int) -> float:
        return self.base_seconds + size / 20e6

    def _encode_seconds(self, info: MediaInfo) -> float:
        return self.base_seconds + self.seconds_per_second * info.duration_seconds

    def _on_upload(
        self,
        argv: list[str],
        scratch: Path,
        wall_seconds: float,
        otherwise: RejectionCode,
        on_line: Callable[[str], None] | None = None,
    ) -> Output:
        """Run over a user's bytes. A crash or a limit is tried once more and is then the file's fault."""
        self.vetted()
        limits = Limits(wall_seconds, memory_bytes=self.base_memory + self.threads * self.memory_per_thread)
        for last in (False, True):
            try:
                return runner.run(argv, scratch=scratch, limits=limits, on_line=on_line, sandbox=self.sandbox)
            except ToolFailed as failed:
                raise _refusal(failed, otherwise) from failed
            except Unavailable as failed:
                if not isinstance(failed, LimitHit) and failed.code is not QuarantineCode.TOOL_CRASH:
                    raise
                if last:
                    raise _given_up(failed) from failed
        raise AssertionError("unreachable")

    def _on_our_own(self, argv: list[str], scratch: Path) -> Output:
        """Run over a file that we made: any failure is ours."""
        try:
            return runner.run(argv, scratch=scratch, limits=Limits(wall_seconds=3600), sandbox=self.sandbox)
        except ToolFailed as failed:
            message = "Our own output could not be read back."
            raise Unavailable(QuarantineCode.TOOL_CRASH, message, detail=str(failed)) from failed


def _refuse_cut_off(promised: MediaInfo, found: float, missing: int | None) -> None:
    """Raises BadMedia TRUNCATED. A header that promises more than complete bytes hold is wrong, and forgiven."""
    if missing == 0:
        return
    promise = promised.duration_seconds
    if missing and (promise == 0 or promised.demuxer in _PROMISE_IN_BYTES):
        promise = found * (1 + missing / promised.size)
    if promise - found > max(1.0, 0.02 * promise):
        message = f"The file is cut off: {found:.0f} of {promise:.0f} seconds are there."
        raise BadMedia(RejectionCode.TRUNCATED, message)


def _refusal(failed: ToolFailed, otherwise: RejectionCode) -> MediaError:
    for words, code, message in _REASONS:
        if words in failed.tail:
            return BadMedia(code, message, detail=str(failed))
    message = {
        RejectionCode.NOT_MEDIA: "The file is not a video or audio file.",
        RejectionCode.UNREADABLE: "The file is damaged: it could not be decoded.",
    }[otherwise]
    return BadMedia(otherwise, message, detail=str(failed))


def _given_up(failed: Unavailable) -> BadMedia:
    if isinstance(failed, LimitHit):
        message = "Decoding the file costs more time or memory than is allowed."
        return BadMedia(RejectionCode.LIMIT_DECODE_COST, message, detail=failed.detail)
    message = "The file is damaged in a way that breaks its decoder."
    return BadMedia(RejectionCode.UNREADABLE, message, detail=failed.detail)


def _told(duration: float, progress: Progress) -> Callable[[str], None]:
    def on_line(line: str) -> None:
        at = answers.progress_seconds(line)
        if at is not None and duration > 0:
            progress(min(1.0, at / duration))

    return on_line


def _frames(pixels: Path, times: Path, width: int, height: int) -> list[Frame]:
    if not times.exists():
        return []
    size = width * height * 3
    found = answers.printed_times(times.read_text())
    with pixels.open("rb") as file:
        return [
            Frame(at, width, height, rgb)
            for at, rgb in zip(found, iter(lambda: file.read(size), b""), strict=False)
            if len(rgb) == size
        ]


def _glimpses(scratch: Path, name: str) -> Sequence[Glimpse]:
    return answers.glimpses((scratch / f"{name}.times").read_text(), (scratch / f"{name}.gray").read_bytes())


def _new_enough(program: str, version: str) -> str:
    """The version. A build without a number (nightly) is taken for new."""
    number = re.match(r"n?(\d+)\.(\d+)", version)
    if number and (int(number[1]), int(number[2])) < OLDEST:
        name, least = Path(program).name, ".".join(map(str, OLDEST))
        message = f"{name} {version} is too old to be safe; {least} is the oldest that may be used."
        raise Unavailable(QuarantineCode.INTERNAL, message)
    return version
