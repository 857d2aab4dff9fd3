"""Where the parts of a file begin and end: the boxes of MP4, the elements of EBML, the chunks of RIFF; of any other
file pieces of the size of a transport stream packet. It has only to find good places to break a file."""

from collections.abc import Iterator
from dataclasses import dataclass

_MP4_PARENTS = frozenset({
    b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"dinf", b"mvex", b"moof", b"traf",
})  # fmt: skip
_EBML_PARENTS = frozenset(
    bytes.fromhex(i)
    for i in ("1a45dfa3", "18538067", "1f43b675", "1654ae6b", "ae", "e0", "e1", "1549a966", "114d9b74", "4dbb",
              "1c53bb6b", "bb", "b7", "1254c367", "7373", "a0")
)  # fmt: skip
_PIECE = 188


@dataclass(frozen=True, slots=True)
class Element:
    """Offsets into the file: `start` ≤ `body` ≤ `end`. The size field is `size_bytes` long and lies at `size_at`; a
    piece of a file without structure has none (0)."""

    start: int
    body: int
    end: int
    size_at: int
    size_bytes: int
    parent: bool


def elements(data: bytes) -> list[Element]:
    """Every element, parents before their children; never empty for a file with bytes."""
    if data[4:8] in {b"ftyp", b"moov", b"wide", b"mdat"}:
        found = list(_mp4(data, 0, len(data)))
    elif data[:4] == b"\x1a\x45\xdf\xa3":
        found = list(_ebml(data, 0, len(data)))
    elif data[:4] == b"RIFF":
        found = list(_riff(data, 0, len(data)))
    else:
        found = []
    return found or [Element(at, at, min(at + _PIECE, len(data)), at, 0, False) for at in range(0, len(data), _PIECE)]


def _mp4(data: bytes, at: int, end: int) -> Iterator[Element]:
    while at + 8 <= end:
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if size < 8 or at + size > end:
            return
        parent = kind in _MP4_PARENTS
        yield Element(at, at + 8, at + size, at, 4, parent)
        if parent:
            yield from _mp4(data, at + 8, at + size)
        at += size


def _ebml(data: bytes, at: int, end: int) -> Iterator[Element]:
    while at + 2 <= end:
        name = _vint_bytes(data[at])
        size_at = at + name
        if size_at >= end:
            return
        size_bytes = _vint_bytes(data[size_at])
        body = size_at + size_bytes
        size = int.from_bytes(data[size_at:body], "big") & ((1 << 7 * size_bytes) - 1)
        stop = end if size == (1 << 7 * size_bytes) - 1 else body + size  # all ones: unknown, as live streams say
        if size_bytes > 8 or stop > end:
            return
        parent = data[at:size_at] in _EBML_PARENTS
        yield Element(at, body, stop, size_at, size_bytes, parent)
        if parent:
            yield from _ebml(data, body, stop)
        at = stop


def _riff(data: bytes, at: int, end: int) -> Iterator[Element]:
    while at + 8 <= end:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        parent = data[at : at + 4] in {b"RIFF", b"LIST"}
        stop = min(at + 8 + size + size % 2, end)
        yield Element(at, at + 8, stop, at + 4, 4, parent)
        if parent:
            yield from _riff(data, at + 12, stop)
        at = stop


def _vint_bytes(first: int) -> int:
    return 9 - first.bit_length()
