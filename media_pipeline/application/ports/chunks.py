"""What the use cases ask of whoever encodes the parts of a long picture."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from media_pipeline.application.ports.tools import Progress
from media_pipeline.domain.chunks import ChunkOrder

Here = Callable[[ChunkOrder, Progress], None]
"""Encodes a part in this process and keeps it in the store. May be called by several threads at once."""


class Parts(Protocol):
    """Parts that are being encoded. They come as they are done, each once, to whoever iterates."""

    def __iter__(self) -> Iterator[ChunkOrder]: ...

    def look(self) -> None:
        """For whoever does something else than wait for them, to be called every now and then: others go on to be
        given parts, and progress is told. What `progress` raises passes on."""
        ...


class ChunkWorkers(Protocol):
    """Many hands."""

    @property
    def elsewhere(self) -> bool:
        """Whether others may encode a part who have to fetch the source for it."""
        ...

    def working(self, orders: Sequence[ChunkOrder], *, here: Here, progress: Progress) -> AbstractContextManager[Parts]:
        """Inside, the parts are being encoded: by `here`, or elsewhere by others who have the same store; `progress` is
        told while one waits for them. What `here` and `progress` raise passes on. Outside, nothing is at work here any
        more, and nobody else begins."""
        ...
