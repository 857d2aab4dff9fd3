"""Ways to break a file. Each is a pure function of the bytes and a seeded generator, and always returns bytes.

`case` is the whole of it: a seed and a number name one broken file for ever (of one corpus).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from media_pipeline_tests.fuzz.elements import Element, elements

Mutator = Callable[[bytes, Random], bytes]
_EXTREMES = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF)
_HEADER_BYTES = 512
"""An element no longer than this is taken for a header or a table rather than for pictures and sound."""


@dataclass(frozen=True, slots=True)
class Case:
    """One broken file and how it came about."""

    data: bytes
    told: str


def case(corpus: Mapping[str, bytes], seed: int, number: int) -> Case:
    """The file with this number: one of the corpus, broken in one to three ways."""
    random = Random(f"{seed}/{number}")
    name = random.choice(sorted(corpus))
    data = corpus[name]
    steps = [name]
    for _ in range(random.choice((1, 1, 2, 3))):
        mutator = random.choice(MUTATORS)
        if mutator is splice:
            other = random.choice(sorted(corpus))
            data = splice(data, corpus[other], random)
            steps.append(f"splice {other}")
        else:
            data = mutator(data, random)
            steps.append(mutator.__name__)
    return Case(data, f"seed {seed}, case {number}: {', '.join(steps)}")


def flip_bits(data: bytes, random: Random) -> bytes:
    """Anywhere: most hit pictures and sound."""
    return _flipped(data, [(0, len(data))], random)


def flip_header_bits(data: bytes, random: Random) -> bytes:
    """In what looks like headers and tables."""
    return _flipped(data, [(e.start, e.end) for e in _headers(data)], random)


def truncate(data: bytes, random: Random) -> bytes:
    """At the edge of an element, or one byte beside it."""
    if not data:
        return data
    chosen = random.choice(elements(data))
    return data[: max(0, random.choice((chosen.start, chosen.body, chosen.end)) + random.choice((-1, 0, 0, 1)))]


def lie_about_size(data: bytes, random: Random) -> bytes:
    """An element says that it is longer or shorter than it is."""
    sized = [e for e in elements(data) if e.size_bytes]
    if not sized:
        return set_extreme(data, random)
    chosen = random.choice(sized)
    size = chosen.end - chosen.start
    lie = random.choice((0, 1, 7, 8, size - 1, size + 1, size // 2, size * 2, *_EXTREMES))
    return _written(data, chosen.size_at, lie % (1 << 8 * chosen.size_bytes), chosen.size_bytes)


def set_extreme(data: bytes, random: Random) -> bytes:
    """A field of a header or table says something extreme: a count, a size, an offset, a rate, a duration."""
    headers = [e for e in _headers(data) if e.end - e.body >= 1]
    if not headers:
        return data
    for _ in range(random.choice((1, 1, 2, 4))):
        chosen = random.choice(headers)
        width = min(random.choice((1, 2, 4, 8)), chosen.end - chosen.body)
        at = random.randrange(chosen.body, chosen.end - width + 1)
        at -= (at - chosen.body) % width  # fields are aligned more often than not
        data = _written(data, at, random.choice(_EXTREMES) % (1 << 8 * width), width)
    return data


def zero(data: bytes, random: Random) -> bytes:
    if not data:
        return data
    chosen = random.choice(elements(data))
    return data[: chosen.body] + bytes(chosen.end - chosen.body) + data[chosen.end :]


def drop(data: bytes, random: Random) -> bytes:
    if not data:
        return data
    chosen = random.choice(elements(data))
    return data[: chosen.start] + data[chosen.end :]


def duplicate(data: bytes, random: Random) -> bytes:
    """Once more, or often enough to look like many."""
    if not data:
        return data
    chosen = random.choice(elements(data))
    piece = data[chosen.start : chosen.end]
    times = random.choice((1, 1, 50)) if len(piece) <= _HEADER_BYTES else 1
    return data[: chosen.end] + piece * times + data[chosen.end :]


def swap(data: bytes, random: Random) -> bytes:
    """Two elements change places."""
    if not data:
        return data
    first, second = sorted(random.choices(elements(data), k=2), key=lambda e: (e.start, -e.end))
    if second.start < first.end:  # one inside the other
        return data
    return b"".join([
        data[: first.start], data[second.start : second.end], data[first.end : second.start],
        data[first.start : first.end], data[second.end :],
    ])  # fmt: skip


def splice(data: bytes, other: bytes, random: Random) -> bytes:
    """The head of one file and the tail of another, cut where elements end."""
    if not data or not other:
        return data + other
    return data[: random.choice(elements(data)).end] + other[random.choice(elements(other)).start :]


MUTATORS: Sequence[Callable[..., bytes]] = (
    flip_bits, flip_header_bits, truncate, lie_about_size, set_extreme, set_extreme, zero, drop, duplicate, swap,
    splice,
)  # fmt: skip


def _headers(data: bytes) -> list[Element]:
    found = elements(data)
    return [e for e in found if not e.parent and e.end - e.start <= _HEADER_BYTES] or found


def _flipped(data: bytes, places: Sequence[tuple[int, int]], random: Random) -> bytes:
    places = [p for p in places if p[0] < p[1]]
    if not places:
        return data
    changed = bytearray(data)
    for _ in range(random.choice((1, 4, 16, 64))):
        start, end = random.choice(places)
        changed[random.randrange(start, end)] ^= 1 << random.randrange(8)
    return bytes(changed)


def _written(data: bytes, at: int, value: int, width: int) -> bytes:
    return data[:at] + value.to_bytes(width, "big") + data[at + width :]
