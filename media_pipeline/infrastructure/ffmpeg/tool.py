"""The MediaTool adapter: commands, run in the sandbox, their answers parsed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from media_pipeline.application.ports.tools import EncodedAudio, EncodedVideo, Frame, Progress
from media_pipeline.domain import captions
from media_pipeline.domain.chunks import Chunk, Ranges
from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.domain.media import AudioStream, MediaInfo, TextStream
from media_pipeline.domain.passthrough import Copy
from media_pipeline.domain.profile import AudioRecipe, PlannedRendition, StreamRecipe, output_rate
from media_pipeline.domain.results import Likeness
from media_pipeline.domain.transcript import Cue
from media_pipeline.infrastructure.ffmpeg import admission, answers, ass, chunking, measuring
from media_pipeline.infrastructure.ffmpeg.commands import comparing, copying, encoding, listening, looking, text
from media_pipeline.infrastructure.ffmpeg.programs import Programs
from media_pipeline.infrastructure.tracing import traced

_LEAST_COMPARED = 32
"""pixels: VMAF looks at a picture at four scales"""


class Ffmpeg(Programs):
    """What ffmpeg and ffprobe do for the use cases."""

    @traced("probe")
    def probe(self, source: Path) -> MediaInfo:
        return admission.probe(self, source)

    @traced("encode")
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
        alive = _told(info.duration_seconds, lambda _: progress(0.0))
        heard = [measuring.heard(self, info, track, audio, scratch=scratch, on_line=alive) for track in tracks]
        audible = [(track, h.gain) for track, h in zip(tracks, heard, strict=True) if h.seconds]
        unheard = EncodedAudio(scratch, audio.channels, 0.0, 0.0, None, None, 0.0)
        if not renditions and not audible:
            if info.video:
                return [], [unheard for _ in tracks]
            nothing = BadMedia(RejectionCode.NO_DECODABLE_FRAMES, "Nothing of the sound could be decoded.")
            raise next((h.refusal for h in heard if h.refusal), nothing)
        argv = encoding.encode(
            self.ffmpeg, info, renditions, audible, audio=audio, stream=stream, passages=set_aside,
            threads=self.threads, follow=follow, sound_changes=any(h.changes for h in heard),
        )  # fmt: skip
        self.on_upload(
            argv, scratch, self.encode_seconds(info), RejectionCode.UNREADABLE, _told(info.duration_seconds, progress)
        )
        found = [measuring.encoded_video(self, scratch / f"v{i}.mp4") for i in range(len(renditions))]
        videos = measuring.watched(self, found, scratch=scratch)
        measured = (measuring.encoded_audio(self, scratch / f"a{i}.mp4", audio) for i in range(len(audible)))
        sounds = [replace(next(measured), decoded_seconds=h.seconds) if h.seconds else unheard for h in heard]
        if any(v.frames == 0 for v in videos):
            raise BadMedia(RejectionCode.NO_DECODABLE_FRAMES, "Not one frame of the picture could be decoded.")
        return videos, sounds

    @traced("encode chunk")
    def encode_chunk(
        self,
        source: Path,
        info: MediaInfo,
        renditions: Sequence[PlannedRendition],
        chunk: Chunk,
        *,
        gop_seconds: float | None,
        scratch: Path,
        progress: Progress,
    ) -> tuple[Path, ...]:
        return chunking.encode(
            self, info, renditions, chunk, gop_seconds=gop_seconds, scratch=scratch, progress=progress
        )

    @traced("ranges")
    def ranges(self, source: Path, info: MediaInfo, chunks: Sequence[Chunk], *, scratch: Path) -> list[Ranges]:
        return chunking.ranges(self, info, chunks, scratch=scratch)

    @traced("packets")
    def packets(self, source: Path, info: MediaInfo, chunk: Chunk, *, scratch: Path) -> str:
        return chunking.packets(self, info, chunk, scratch=scratch)

    @traced("join chunks")
    def join_chunks(
        self, info: MediaInfo, renditions: Sequence[PlannedRendition], chunks: Sequence[Path], *, scratch: Path
    ) -> list[EncodedVideo]:
        return chunking.join(self, info, renditions, chunks, scratch=scratch)

    @traced("set aside")
    def set_aside(
        self, source: Path, info: MediaInfo, largest: PlannedRendition, passages: Sequence[range], *, scratch: Path
    ) -> None:
        chunking.set_aside(self, info, largest, passages, scratch=scratch)

    @traced("copy")
    def copy(self, source: Path, info: MediaInfo, *, scratch: Path, progress: Progress) -> tuple[EncodedVideo, Copy]:
        told = _told(info.duration_seconds, progress)
        reading = self.reading_seconds(info.size)
        self.on_upload(
            copying.copy(self.ffmpeg, info, threads=self.threads), scratch, reading, RejectionCode.UNREADABLE, told
        )
        video = measuring.encoded_video(self, scratch / "v0.mp4")
        self.on_upload(copying.units(self.ffmpeg, video.path.name), scratch, reading, RejectionCode.UNREADABLE)
        listed = {kind: (scratch / f"{kind}.crc").read_text() for kind in copying.UNITS}
        return video, answers.copy(listed, video.duration_seconds)

    @traced("decodes")
    def decodes(self, copy: EncodedVideo, info: MediaInfo, *, progress: Progress) -> bool:
        reached, told = [0], _told(info.duration_seconds, progress)

        def note(line: str) -> None:
            name, _, value = line.partition("=")
            if name == "frame" and value.isdecimal():
                reached[0] = int(value)
            told(line)

        argv = copying.decode(self.ffmpeg, copy.path.name, threads=self.threads)
        try:
            self.on_upload(argv, copy.path.parent, self.encode_seconds(info), RejectionCode.UNREADABLE, note)
        except BadMedia:
            return False
        return reached[0] == copy.frames

    @traced("join")
    def join(self, inputs: Sequence[Path], *, scratch: Path) -> Path:
        argv, reads = copying.join(self.ffmpeg, inputs), [path.parent for path in inputs]
        self.on_our_own(argv, scratch, reads=reads, fault="The renditions could not be copied into one file.")
        return scratch / copying.JOINED

    @traced("likeness")
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
        argv = comparing.likeness(self.ffmpeg, large, rate=rate, passages=passages, threads=self.threads)
        self.on_our_own(argv, scratch)
        return [answers.likeness((scratch / f"vmaf{i}.json").read_text()) for i in range(len(large))] + too_small

    @traced("keyframe tiles")
    def keyframe_tiles(
        self, source: Path, info: MediaInfo, *, interval_seconds: float, width: int, scratch: Path
    ) -> list[Frame]:
        assert info.video is not None
        wide, high = looking.fitted(info.video, width)
        for only_keyframes in (True, False):  # a stream may carry no frame that is marked as key
            argv = looking.keyframe_tiles(
                self.ffmpeg, info, interval_seconds=interval_seconds, width=wide, height=high,
                only_keyframes=only_keyframes, threads=self.threads,
            )  # fmt: skip
            self.on_upload(argv, scratch, self.encode_seconds(info), RejectionCode.UNREADABLE)
            frames = _frames(scratch / "tiles.rgb", scratch / "tiles.txt", wide, high)
            if frames:
                return frames
        raise BadMedia(RejectionCode.NO_DECODABLE_FRAMES, "Not one frame of the picture could be decoded.")

    @traced("picture")
    def picture(self, source: Path, info: MediaInfo, *, at: float, width: int, scratch: Path) -> Path:
        assert info.video is not None
        wide, high = looking.fitted(info.video, width)
        argv = looking.picture(self.ffmpeg, info, at=at, width=wide, height=high, threads=self.threads)
        self.on_upload(argv, scratch, self.base_seconds, RejectionCode.UNREADABLE)
        poster = scratch / "poster.jpg"
        if not poster.exists() or poster.stat().st_size == 0:
            raise BadMedia(RejectionCode.NO_DECODABLE_FRAMES, f"No picture could be decoded at {at:.1f} s.")
        return poster

    @traced("preview")
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
        wide, high = looking.fitted(info.video, width)
        argv = looking.preview(
            self.ffmpeg, info, starts=starts, seconds=seconds, rate=rate, width=wide, height=high, threads=self.threads
        )
        self.on_upload(argv, scratch, self.encode_seconds(info), RejectionCode.UNREADABLE)
        moving = scratch / "preview.webp"
        if not moving.exists() or moving.stat().st_size == 0:
            raise BadMedia(RejectionCode.NO_DECODABLE_FRAMES, "Not one frame of the picture could be decoded.")
        return moving

    @traced("look")
    def look(
        self, source: Path, info: MediaInfo, *, every_seconds: float, width: int, scratch: Path, progress: Progress
    ) -> tuple[list[Frame], list[float]]:
        assert info.video is not None
        wide, high = looking.fitted(info.video, width)
        argv = looking.look(
            self.ffmpeg, info, every_seconds=every_seconds, width=wide, height=high, threads=self.threads
        )
        self.on_upload(
            argv, scratch, self.encode_seconds(info), RejectionCode.UNREADABLE, _told(info.duration_seconds, progress)
        )
        frames = _frames(scratch / "frames.rgb", scratch / "frames.txt", wide, high)
        return frames, answers.printed_times((scratch / "scenes.txt").read_text(), key="lavfi.scd.time")

    @traced("speech")
    def speech(self, source: Path, info: MediaInfo, track: AudioStream, *, scratch: Path) -> Path:
        argv = listening.speech(self.ffmpeg, info, track, threads=self.threads)
        self.on_upload(argv, scratch, self.encode_seconds(info), RejectionCode.UNREADABLE)
        return scratch / "speech.pcm"

    @traced("text")
    def text(self, source: Path, info: MediaInfo, stream: TextStream, *, scratch: Path) -> list[Cue]:
        argv = text.text(self.ffmpeg, info, stream, most_bytes=captions.MAX_BYTES)
        self.on_upload(argv, scratch, self.reading_seconds(info.size), RejectionCode.UNREADABLE)
        written = scratch / text.TEXT
        if written.stat().st_size > captions.MAX_BYTES:
            raise BadMedia(RejectionCode.LIMIT_SIZE, "A track of subtitles is larger than any honest one.")
        cues = ass.cues(written.read_text(encoding="utf-8", errors="replace"))
        return [replace(cue, start=info.played(cue.start), end=info.played(cue.end)) for cue in cues]


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
