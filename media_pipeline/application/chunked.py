"""A long picture in parts, encoded side by side and joined. What is not long, or cannot be cut, is encoded whole.

Parts go by the store, under keys that say how they are made: whoever begins anew goes on with those that are there.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from media_pipeline.application.outputs import SOURCE_NAME, Shelf, opened
from media_pipeline.application.ports.chunks import ChunkWorkers
from media_pipeline.application.ports.store import Store
from media_pipeline.application.ports.tools import EncodedAudio, EncodedVideo, MediaTool, Progress
from media_pipeline.domain import keys
from media_pipeline.domain.chunks import Chunk, ChunkOrder, Cutting, Passage, cut, grid, uncuttable
from media_pipeline.domain.errors import BadMedia, Missing
from media_pipeline.domain.media import AudioStream, MediaInfo
from media_pipeline.domain.profile import PlannedRendition, Recipes, StreamRecipe, output_rate
from media_pipeline.domain.results import Source

_MARK = "chunk.json"
"""the last file of a part that is stored: its other files, by name"""
_BINARY = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Chunking:
    """When long pictures are cut, and who encodes the parts."""

    cutting: Cutting
    workers: ChunkWorkers


def orders(
    source: Source,
    plans: Sequence[PlannedRendition],
    *,
    cutting: Cutting,
    gop_seconds: float,
    followed: Sequence[float] | None,
    build: str,
) -> list[ChunkOrder]:
    """The parts in which these renditions are encoded; none where the picture is encoded whole. `followed` are the
    source's own keyframes, in seconds, where those are to be kept."""
    video = source.info.video
    if video is None or video.end_seconds <= cutting.above_seconds or uncuttable(source.info, plans):
        return []
    rate, seconds, upload = output_rate(video), video.end_seconds, source.upload
    if followed is None:
        keyframes, gop = grid(seconds, rate=rate, gop_seconds=gop_seconds), gop_seconds
    else:
        keyframes, gop = [round(at * rate) for at in followed], None
    parts = cut(keyframes, rate=rate, seconds=seconds, cutting=cutting)
    return [ChunkOrder(upload.media_id, upload.version, tuple(plans), gop, part, build) for part in parts]


def encode_chunk(
    order: ChunkOrder,
    path: Path,
    info: MediaInfo,
    *,
    shelf: Shelf,
    tool: MediaTool,
    scratch: Path,
    progress: Progress,
) -> None:
    """Encode one part of the source at `path` and keep it. The same again costs nothing. Raises what the tool does."""
    if _is_there(order, shelf):
        return
    with TemporaryDirectory(dir=scratch) as folder:
        own = Path(folder)
        (own / SOURCE_NAME).symlink_to(path.resolve())
        files = tool.encode_chunk(
            own / SOURCE_NAME, info, order.plans, order.chunk, gop_seconds=order.gop_seconds, scratch=own,
            progress=progress,
        )  # fmt: skip
        names = [file.name for file in files]
        for file in files:
            shelf.store.put(shelf.bucket, _key(order, file.name), file, content_type=_BINARY)
        marked = json.dumps(names).encode()
        shelf.store.write(shelf.bucket, _key(order, _MARK), marked, content_type="application/json")


@contextmanager
def needed_of(
    order: ChunkOrder, source: Source, *, store: Store, tool: MediaTool, scratch: Path, short: Callable[[], None]
) -> Iterator[Path]:
    """A local file of the source, or of what its part needs of it: then the decoder is given the very packets that it
    would be of the whole. `short` is told where that was not enough, and all is fetched. Raises what `opened` does."""
    if order.passage:
        with opened(source.upload, store=store, scratch=scratch, only=order.passage.ranges) as path:
            if _enough(order.passage, path, source.info, order.chunk, tool=tool, scratch=scratch):
                yield path
                return
        short()
    with opened(source.upload, store=store, scratch=scratch) as path:
        yield path


def _enough(passage: Passage, path: Path, info: MediaInfo, chunk: Chunk, *, tool: MediaTool, scratch: Path) -> bool:
    try:
        return tool.packets(path, info, chunk, scratch=scratch) == passage.packets
    except BadMedia:  # of a hole
        return False


@dataclass(frozen=True)
class Encoder:
    """Encodes the picture and the sound of one source, at `path`."""

    path: Path
    source: Source
    recipes: Recipes
    followed: Sequence[float] | None
    """keyframes of the source's own to keep, in seconds; None: those of the recipe"""
    shelf: Shelf
    tool: MediaTool
    scratch: Path
    progress: Progress
    chunking: Chunking | None
    """None: nothing is cut"""

    def encode(
        self, plans: Sequence[PlannedRendition], tracks: Sequence[AudioStream], *, set_aside: Sequence[range] = ()
    ) -> tuple[list[EncodedVideo], list[EncodedAudio]]:
        """What the tool's own `encode` promises, in parts where that is wanted and can be."""
        if self.chunking and (wanted := self._orders(plans, self.chunking.cutting)):
            try:
                return self._in_parts(wanted, tracks, set_aside, self.chunking.workers)
            except BadMedia:  # a part asks more of a file than the whole: whether it is bad is for the whole to say
                clear(self.source, self.shelf)
        return self._whole(plans, tracks, set_aside, self.progress)

    def _orders(self, plans: Sequence[PlannedRendition], cutting: Cutting) -> list[ChunkOrder]:
        gop_seconds = self._stream.gop_seconds
        return orders(
            self.source, plans, cutting=cutting, gop_seconds=gop_seconds, followed=self.followed, build=self.tool.build
        )

    def _in_parts(
        self,
        wanted: Sequence[ChunkOrder],
        tracks: Sequence[AudioStream],
        set_aside: Sequence[range],
        workers: ChunkWorkers,
    ) -> tuple[list[EncodedVideo], list[EncodedAudio]]:
        """The sound, which is one piece however long, is encoded here while others encode the picture."""
        missing = [order for order in wanted if not _is_there(order, self.shelf)]
        plans, info = wanted[0].plans, self.source.info
        if workers.elsewhere and missing:
            missing = self._placed(missing)

        def told(share: float) -> None:
            self.progress(1 - (1 - share) * len(missing) / len(wanted))

        with TemporaryDirectory(dir=self.scratch) as folder:
            parts = {order: Path(folder) / str(order.chunk.number) for order in wanted}
            with workers.working(missing, here=self._here, progress=told) as coming:
                sounds = self._whole([], tracks, (), lambda _: coming.look())[1] if tracks else []
                for order in chain([order for order in wanted if order not in missing], coming):
                    _fetch(order, self.shelf, parts[order])
            if set_aside:
                self.tool.set_aside(self.path, info, plans[0], set_aside, scratch=self.scratch)
            return self.tool.join_chunks(info, plans, list(parts.values()), scratch=self.scratch), sounds

    def _placed(self, orders: Sequence[ChunkOrder]) -> list[ChunkOrder]:
        """The same, with what of the source each needs; as they are where that is not known."""
        info, chunks = self.source.info, [order.chunk for order in orders]
        placed = []
        try:
            found = self.tool.ranges(self.path, info, chunks, scratch=self.scratch)
            for order, ranges in zip(orders, found, strict=True):
                self.progress(0.0)
                packets = self.tool.packets(self.path, info, order.chunk, scratch=self.scratch) if ranges else ""
                placed.append(replace(order, passage=Passage(ranges, packets)) if ranges else order)
        except BadMedia:  # whether the file is bad is for an encode to say
            return list(orders)
        return placed

    def _here(self, order: ChunkOrder, progress: Progress) -> None:
        encode_chunk(
            order, self.path, self.source.info, shelf=self.shelf, tool=self.tool, scratch=self.scratch,
            progress=progress,
        )  # fmt: skip

    def _whole(
        self,
        plans: Sequence[PlannedRendition],
        tracks: Sequence[AudioStream],
        set_aside: Sequence[range],
        progress: Progress,
    ) -> tuple[list[EncodedVideo], list[EncodedAudio]]:
        profile = self.recipes.profiles[self.source.profile]
        return self.tool.encode(
            self.path, self.source.info, plans, tracks, audio=self.recipes.audio[profile.audio], stream=self._stream,
            set_aside=set_aside, follow=self.followed is not None, scratch=self.scratch, progress=progress,
        )  # fmt: skip

    @property
    def _stream(self) -> StreamRecipe:
        return self.recipes.stream[self.recipes.profiles[self.source.profile].stream]


def clear(source: Source, shelf: Shelf) -> None:
    """Delete the parts of a picture that is made."""
    shelf.clear(keys.chunks(source.upload.media_id, source.upload.version))


def _is_there(order: ChunkOrder, shelf: Shelf) -> bool:
    try:
        shelf.store.head(shelf.bucket, _key(order, _MARK))
    except Missing:
        return False
    return True


def _fetch(order: ChunkOrder, shelf: Shelf, to: Path) -> None:
    to.mkdir()
    names, _ = shelf.store.read(shelf.bucket, _key(order, _MARK))
    for name in json.loads(names):
        shelf.store.fetch(shelf.bucket, _key(order, name), to / name)


def _key(order: ChunkOrder, name: str) -> str:
    return keys.chunk(order.media_id, order.version, order.fingerprint, name)
