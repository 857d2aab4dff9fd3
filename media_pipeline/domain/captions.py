"""Subtitles that others wrote: read, cleaned, and brought to what ours keep to.

Their text is a stranger's: it ends in players and pages as nothing but text.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from media_pipeline.domain.transcript import (
    LINE_COLUMNS,
    SHORTEST_CUE,
    Cue,
    Word,
    columns,
    cues,
    joined,
    milliseconds,
    spaceless,
)

MAX_BYTES = 8 * 1024 * 1024
"""of a file of subtitles; a talkative film has 200 kB"""
MAX_CUES = 20_000
MAX_CUE_CHARACTERS = 1_000
"""before cleaning; the rest of a longer cue is not shown"""

_SAME_INSTANT = 0.05
_SAME_BREATH = 0.1
"""seconds; what is said again so soon is one cue that was cut up, as karaoke is"""
_TIME = r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(?:[A-Za-z/!?][^<>]*|\d\d:[\d:.]+)>")
_TAG_BEGINS = re.compile(r"<+(?=[A-Za-z/!?])")
_OPENING = frozenset("「『（［｛〈《【〔“‘")
_NEVER_FIRST = frozenset("」』）］｝〉》】〕”’、。，．！？；：・…ーゝゞ々ぁぃぅぇぉっゃゅょァィゥェォッャュョ")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates: one that is not closed turns round the text after it."""
_JOINERS = frozenset("\u200c\u200d\u200e\u200f\u061c")
"""Format characters that Persian, Hebrew, Hindi and emoji cannot do without."""


class BadSubtitles(ValueError):
    """Not a file of subtitles. One sentence with the line at fault."""


def parsed(text: str) -> list[Cue]:
    """The cues of a WebVTT or SubRip file as they stand there, markup and all.

    Raises BadSubtitles: a line of times that is none or runs backwards, or no cue at all.
    """
    found: list[Cue] = []
    lines = text.removeprefix("\ufeff").splitlines()
    at = 0
    while at < len(lines):
        at += 1
        if "-->" not in lines[at - 1]:
            continue
        times = _TIMES.fullmatch(lines[at - 1])
        if times is None:
            raise BadSubtitles(f"Line {at} is not a line of times, such as 00:01:02.000 --> 00:01:04.500.")
        start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
        if end < start:
            raise BadSubtitles(f"The cue of line {at} ends before it begins.")
        first = at
        while at < len(lines) and lines[at].strip() and "-->" not in lines[at]:
            at += 1
        found.append(Cue(start, end, tuple(lines[first:at])))
    if not found:
        raise BadSubtitles("The file holds no subtitles: it must be WebVTT or SubRip.")
    return found


def tidied(found: Iterable[Cue], *, duration: float) -> tuple[Cue, ...]:
    """Somebody's cues as we publish them: clean text, at most two lines of 42 columns, in order, without overlap and
    inside 0 to `duration` seconds.

    Line breaks are kept where they fit; a longer text becomes several cues, one after the other. Of two cues that
    overlap the earlier gives way, and what begins at the same instant is shown together. One shorter than a second
    grows into the pause behind it.
    """
    pages = [page for cue in _in_turn(_clean(found, duration)) for page in _pages(cue)]
    return tuple(_unhurried(pages, duration))


def clean(text: str) -> str:
    """Text without markup, script, control characters and turned-round passages; lines are kept, empty ones are not."""
    text = "".join(_shown(html.unescape(text[:MAX_CUE_CHARACTERS])))
    before = ""
    while before != text:  # what is left of a tag in a tag may be one
        before, text = text, _TAG.sub("", _HIDDEN.sub("", text))
    text = _TAG_BEGINS.sub("", text).replace("-->", "→")  # which parsers take for a line of times
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _shown(text: str) -> Iterator[str]:
    for character in text:
        kind = unicodedata.category(character)
        if character in "\n\t" or kind in {"Zl", "Zp"}:
            yield "\n" if character == "\n" else " "
        elif character in _JOINERS or (kind not in {"Cc", "Cf", "Cs", "Co", "Cn"} and character not in _BIDI):
            yield character


def _clean(found: Iterable[Cue], duration: float) -> list[Cue]:
    sane = []
    for cue in islice(found, MAX_CUES):
        start, end = max(cue.start, 0.0), min(cue.end, duration)
        if start < end and (text := clean("\n".join(cue.lines))):  # also false where a time is not a number
            sane.append(Cue(start, end, tuple(text.split("\n"))))
    return sorted(sane, key=lambda c: (c.start, c.end))


def _in_turn(ordered: Sequence[Cue]) -> list[Cue]:
    out: list[Cue] = []
    for cue in ordered:
        last = out[-1] if out else None
        if last and last.lines == cue.lines and cue.start <= last.end + _SAME_BREATH:
            out[-1] = Cue(last.start, max(last.end, cue.end), last.lines)
        elif last and cue.start - last.start < _SAME_INSTANT:
            more = tuple(line for line in cue.lines if line not in last.lines)
            out[-1] = Cue(last.start, max(last.end, cue.end), _bounded((*last.lines, *more)))
        else:
            if last and last.end > cue.start:
                out[-1] = Cue(last.start, cue.start, last.lines)
            out.append(cue)
    return out


def _bounded(lines: tuple[str, ...]) -> tuple[str, ...]:
    kept, left = [], MAX_CUE_CHARACTERS
    for line in lines:
        left -= len(line)
        if left < 0:
            break
        kept.append(line)
    return tuple(kept)


def _pages(cue: Cue) -> Iterator[Cue]:
    if len(cue.lines) <= 2 and all(columns(line) <= LINE_COLUMNS for line in cue.lines):
        yield cue
        return
    texts = [unit for text in joined(cue.lines).split() for unit in _units(text)]
    widths = [columns(t) + 1 for t in texts]  # nothing is of no width
    scale = (cue.end - cue.start) / sum(widths)
    words, at = [], 0
    for text, wide in zip(texts, widths, strict=True):
        words.append(Word(cue.start + at * scale, cue.start + (at + wide) * scale, text, 1.0))
        at += wide
    for page in cues(words, duration=cue.end):
        if (start := max(page.start, cue.start)) < page.end:
            yield Cue(start, page.end, page.lines)


def _units(text: str) -> Iterator[str]:
    """What a line may be broken between: where a script writes no spaces, any two characters but those that belong
    together and punctuation, which stays with what it closes or opens."""
    unit = ""
    for character in text:
        free = bool(unit) and spaceless(unit[-1]) and spaceless(character)
        if (
            free
            and unit[-1] not in _OPENING
            and character not in _NEVER_FIRST
            and unicodedata.category(character) != "Mn"
        ):
            yield unit
            unit = ""
        unit += character
    yield unit


def _unhurried(pages: Sequence[Cue], duration: float) -> Iterator[Cue]:
    for i, page in enumerate(pages):
        room = pages[i + 1].start if i + 1 < len(pages) else duration
        start = milliseconds(page.start)
        end = milliseconds(max(page.end, min(start + SHORTEST_CUE, room)))
        if start < end:
            yield Cue(start, end, page.lines)


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = (p or "0" for p in parts)
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return (whole * 1000 + int(fraction.ljust(3, "0"))) / 1000
