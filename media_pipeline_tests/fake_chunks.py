"""Fakes around the parts of a long picture: who encodes them, and a tool that writes down what it was asked for."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from media_pipeline.application.ports.chunks import Here
from media_pipeline.application.ports.tools import EncodedAudio, EncodedVideo, Progress
from media_pipeline.domain.chunks import Chunk, ChunkOrder, Ranges
from media_pipeline.domain.media import AudioStream, MediaInfo
from media_pipeline.domain.profile import PlannedRendition
from media_pipeline.infrastructure.ffmpeg.tool import Ffmpeg


class InlineWorkers:
    """ChunkWorkers that does one after the other, when somebody waits for it."""

    def __init__(self) -> None:
        self.elsewhere = False
        self.looks = 0
        """how often somebody looked who was doing something else"""
        self.given: list[ChunkOrder] = []

    @contextmanager
    def working(self, orders: Sequence[ChunkOrder], *, here: Here, progress: Progress) -> Iterator["InlineParts"]:
        self.given += orders
        yield InlineParts(self, orders, here, progress)


@dataclass
class InlineParts:
    workers: InlineWorkers
    orders: Sequence[ChunkOrder]
    here: Here
    progress: Progress
    done: int = 0

    def look(self) -> None:
        self.workers.looks += 1
        self._told(0.0)

    def __iter__(self) -> Iterator[ChunkOrder]:
        for order in self.orders:
            self.here(order, self._told)
            self.done += 1
            self._told(0.0)
            yield order

    def _told(self, share: float) -> None:
        self.progress((self.done + share) / len(self.orders) if self.orders else 1.0)


class PaperTool(Ffmpeg):
    """Writes numbers for pictures. `meet` is called with each chunk before it is encoded."""

    def __init__(self, meet: Callable[[Chunk], None] = lambda _: None) -> None:
        super().__init__("ffmpeg", "ffprobe")
        self._meet = meet
        self.chunks: list[int] = []
        self.wholes: list[tuple[int, int]] = []
        """how many renditions and tracks"""
        self.aside: list[range] = []

    build = "paper 1"

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
        assert source.read_bytes() == b"source"
        progress(0.5)
        self._meet(chunk)
        self.chunks.append(chunk.number)
        files = tuple(scratch / f"v{i}.mp4" for i in range(len(renditions)))
        for file, plan in zip(files, renditions, strict=True):
            file.write_text(f"{plan.rung.name} {chunk.start}-{chunk.stop} crf {plan.rung.crf}\n")
        return files

    def ranges(self, source: Path, info: MediaInfo, chunks: Sequence[Chunk], *, scratch: Path) -> list[Ranges]:
        """A byte each; the last needs about all."""
        return [() if chunk.stop is None else ((chunk.number, chunk.number + 1),) for chunk in chunks]

    def packets(self, source: Path, info: MediaInfo, chunk: Chunk, *, scratch: Path) -> str:
        """Another byte than `ranges` says, of chunks without end."""
        self._meet(chunk)
        return repr(source.read_bytes()[chunk.number if chunk.stop else 0])

    def join_chunks(
        self, info: MediaInfo, renditions: Sequence[PlannedRendition], chunks: Sequence[Path], *, scratch: Path
    ) -> list[EncodedVideo]:
        return [self._joined(f"v{i}.mp4", chunks, scratch) for i in range(len(renditions))]

    def set_aside(
        self, source: Path, info: MediaInfo, largest: PlannedRendition, passages: Sequence[range], *, scratch: Path
    ) -> None:
        self.aside += passages

    def encode(
        self,
        source: Path,
        info: MediaInfo,
        renditions: Sequence[PlannedRendition],
        tracks: Sequence[AudioStream],
        *,
        scratch: Path,
        progress: Progress,
        **_: object,
    ) -> tuple[list[EncodedVideo], list[EncodedAudio]]:
        progress(0.5)
        self.wholes.append((len(renditions), len(tracks)))
        videos = [EncodedVideo(scratch / f"v{i}.mp4", 250, 10.0, (0.0,)) for i in range(len(renditions))]
        return videos, [EncodedAudio(scratch / "a0.mp4", 2, 0.0, 10.0, -16.0, -1.0, 10.0) for _ in tracks]

    @staticmethod
    def _joined(name: str, chunks: Sequence[Path], scratch: Path) -> EncodedVideo:
        (scratch / name).write_text("".join((chunk / name).read_text() for chunk in chunks))
        return EncodedVideo(scratch / name, 250, 10.0, (0.0,), parts=len(chunks))
