"""ffmpeg and ffprobe as programs: are they fit, how are they run over what, what do their failures mean."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from media_pipeline.domain.errors import BadMedia, MediaError, QuarantineCode, RejectionCode, Unavailable
from media_pipeline.domain.media import MediaInfo
from media_pipeline.infrastructure.ffmpeg import runner
from media_pipeline.infrastructure.ffmpeg.commands import line
from media_pipeline.infrastructure.ffmpeg.runner import LimitHit, Limits, Output, ToolFailed
from media_pipeline.infrastructure.sandbox.modes import Choice
from media_pipeline.infrastructure.sandbox.proof import in_force

OLDEST = (5, 1)
"""of ffmpeg and ffprobe: what has no release that still gets security fixes is refused"""
_OUR_OWN_SECONDS = 3600.0
"""reading or copying hours of video on a slow disk; nothing is encoded"""
_REASONS = (
    # what ffmpeg says, what it means, in words for the uploader
    ("Format not on whitelist", RejectionCode.FORMAT_NOT_ALLOWED,
     "This kind of file is not accepted; send video or audio."),
    ("not on whitelist", RejectionCode.CODEC_UNSUPPORTED, "The file's codec is not accepted here."),
    ("exceeds specified max pixel count", RejectionCode.LIMIT_DIMENSIONS,
     f"The picture is too large; at most {line.MAX_PIXELS:,} pixels are accepted."),
    ("moov atom not found", RejectionCode.TRUNCATED, "The file is cut off: its index is missing. Upload it again."),
    ("Decoder not found", RejectionCode.CODEC_UNSUPPORTED, "The file's codec cannot be decoded here."),
    ("no decoder found for", RejectionCode.CODEC_UNSUPPORTED, "The file's codec cannot be decoded here."),
    ("received no packets", RejectionCode.NO_DECODABLE_FRAMES, "Nothing in the file could be decoded."),
    ("Permission denied", RejectionCode.UNREADABLE, "The file cannot be read; check its permissions."),
)  # fmt: skip


@dataclass(frozen=True)
class Programs:
    """Where they are, and what they may cost. `threads`: decoder and encoder threads a stream."""

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

    def vet(self) -> None:
        """Let no upload near them unless they are fit. Raises as `build` does."""
        _ = self.build

    @cached_property
    def decoders(self) -> frozenset[str]:
        """By name, of this build."""
        lines = self._said(self.ffmpeg, "-decoders").splitlines()
        return frozenset(line.split()[1] for line in lines if len(line.split()) > 1)

    def reading_seconds(self, size: int) -> float:
        return self.base_seconds + size / 20e6

    def encode_seconds(self, info: MediaInfo) -> float:
        return self.base_seconds + self.seconds_per_second * info.duration_seconds

    def on_upload(
        self,
        argv: list[str],
        scratch: Path,
        wall_seconds: float,
        otherwise: RejectionCode,
        on_line: Callable[[str], None] | None = None,
    ) -> Output:
        """Run over a user's bytes. A crash or a limit is tried once more and is then the file's fault."""
        self.vet()
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

    def on_our_own(
        self,
        argv: list[str],
        scratch: Path,
        *,
        reads: Sequence[Path] = (),
        fault: str = "Our own output could not be read back.",
    ) -> Output:
        """Run over files that we made: any failure is ours."""
        try:
            limits = Limits(_OUR_OWN_SECONDS)
            return runner.run(argv, scratch=scratch, limits=limits, reads=reads, sandbox=self.sandbox)
        except ToolFailed as failed:
            raise Unavailable(QuarantineCode.TOOL_CRASH, fault, detail=str(failed)) from failed

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


def _new_enough(program: str, version: str) -> str:
    """The version. A build without a number (nightly) is taken for new."""
    number = re.match(r"n?(\d+)\.(\d+)", version)
    if number and (int(number[1]), int(number[2])) < OLDEST:
        name, least = Path(program).name, ".".join(map(str, OLDEST))
        message = f"{name} {version} is too old to be safe; {least} is the oldest that may be used."
        raise Unavailable(QuarantineCode.INTERNAL, message)
    return version
