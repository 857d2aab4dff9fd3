"""What was said and when: words, the cues made of them, and their WebVTT and SRT text."""

import math
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LINE_COLUMNS = 42
"""widest line of a cue; a full-width character takes two columns"""
SHORTEST_CUE = 1.0
LONGEST_CUE = 7.0
"""seconds"""

_LONG_PAUSE = 1.5
"""seconds of silence that no cue spans"""
_PAUSE = 0.4
"""seconds of silence at which people hear a phrase end"""
_READING_COLUMNS_PER_SECOND = 17
_SENTENCE_ENDS = tuple(".!?…。！？")
_PHRASE_ENDS = tuple(",;:—、，；：")
_CLOSING = "\"'”’)]»」』"


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word; times in seconds from the start of the media."""

    start: float
    end: float
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown at once: `lines` of text between two times in seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything said in one track. `language` is BCP 47."""

    language: str
    language_confidence: float
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        return joined([w.text for w in self.words])


def cues(words: Sequence[Word], *, duration: float) -> tuple[Cue, ...]:
    """Words as subtitles: at most two balanced lines of 42 columns, at most 7 s, broken where a sentence, a phrase or
    a breath ends, without overlap and inside 0 to `duration` seconds.

    A cue lasts at least 1 s wherever its neighbours leave room. Words without text, or outside the media, are
    not shown.
    """
    spoken = list(_showable(words, duration))
    return tuple(_timed([spoken[a:b] for a, b in _cut(spoken)], duration))


def webvtt(cues: Sequence[Cue]) -> str:
    """A WebVTT file; text is escaped."""
    blocks = [
        f"{timestamp(c.start)} --> {timestamp(c.end)}\n" + "\n".join(_escaped(line) for line in c.lines) for c in cues
    ]
    return "\n\n".join(["WEBVTT", *blocks]) + "\n"


def srt(cues: Sequence[Cue]) -> str:
    """A SubRip file. It has no escapes: an arrow in the text, which parsers take for a time line, is rewritten."""
    return "\n".join(
        f"{number}\n{timestamp(c.start, ',')} --> {timestamp(c.end, ',')}\n"
        + "\n".join(line.replace("-->", "→") for line in c.lines)
        + "\n"
        for number, c in enumerate(cues, start=1)
    )


def timestamp(seconds: float, point: str = ".") -> str:
    """`HH:MM:SS.mmm`; hours may pass 99."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{point}{milliseconds:03d}"


def milliseconds(seconds: float) -> float:
    """Cut to what a file of subtitles can say, never up, so that no end passes the media's."""
    nearest = round(seconds, 3)
    return nearest if nearest <= seconds else round(nearest - 0.001, 3)


def joined(texts: Sequence[str]) -> str:
    """Words as one text: spaces between them, except in scripts that write none (Chinese, Japanese, Thai …)."""
    if all(t.isascii() for t in texts):
        return " ".join(" ".join(texts).split())
    out = ""
    for text in (" ".join(t.split()) for t in texts):
        out += f" {text}" if out and text and _spaced(out, text) else text
    return out


def _spaced(before: str, after: str) -> bool:
    return not (spaceless(before[-1]) and spaceless(after[0]))


def columns(text: str) -> int:
    """How wide a text is shown."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _showable(words: Sequence[Word], duration: float) -> Iterator[Word]:
    """Words in order of time, inside the media, none wider than a line."""
    for word in sorted(words, key=lambda w: w.start):
        text = " ".join(word.text.split())
        start, end = max(word.start, 0.0), min(max(word.end, word.start), duration)
        if not text or start >= duration:
            continue
        pieces = list(_narrow(text))
        share = (end - start) / len(pieces)
        for i, piece in enumerate(pieces):
            # Exactly where the word ends: an error in the last digit costs the cue a millisecond.
            until = end if i + 1 == len(pieces) else start + (i + 1) * share
            yield Word(start + i * share, max(until, start), piece, word.confidence)


def _narrow(text: str) -> Iterator[str]:
    piece = ""
    for character in text:
        if columns(piece + character) > LINE_COLUMNS:
            yield piece.strip()
            piece = ""
        piece += character
    if piece.strip():
        yield piece.strip()


@dataclass(frozen=True, slots=True)
class _Run:
    """Words on one endless line, measured once: cutting them asks for widths over and over."""

    words: Sequence[Word]
    begins: Sequence[int]
    ends: Sequence[int]
    """columns"""
    sentences: Sequence[int]
    """how many end before each word"""

    def fits(self, start: int, end: int) -> bool:
        """Whether these words may be one cue."""
        words, left, right = self.words, self.begins[start], self.ends[end - 1]
        long = words[end - 1].end - words[start].start > LONGEST_CUE
        if long or words[start + 1].start - words[start].end > _LONG_PAUSE:
            return False
        if right - left <= LINE_COLUMNS:
            return True
        second = bisect_left(self.begins, right - LINE_COLUMNS, start + 1, end)  # the earliest second line
        return second < end and self.ends[second - 1] - left <= LINE_COLUMNS

    def cost(self, start: int, end: int) -> float:
        """What is wrong with a cue of these words. Each cue costs 1, so that few are made; the rest is in
        proportion."""
        last, following = self.words[end - 1], self.words[end] if end < len(self.words) else None
        pause = following.start - last.end if following else _LONG_PAUSE
        free = following.start - self.words[start].start if following else LONGEST_CUE
        cost = 1.0 + _break_cost(last.text, pause)
        cost += 1.0 * (self.sentences[end - 1] - self.sentences[start])
        cost += 4.0 * max(0.0, SHORTEST_CUE - free)
        return cost + (0.8 if end - start == 1 else 0.0)


def _run(words: Sequence[Word]) -> _Run:
    begins, ends, sentences = [], [], []
    at = found = 0
    for i, word in enumerate(words):
        at += i > 0 and _spaced(words[i - 1].text, word.text)
        begins.append(at)
        at += columns(word.text)
        ends.append(at)
        sentences.append(found)
        found += _ends(word.text, _SENTENCE_ENDS)
    return _Run(words, begins, ends, sentences)


def _cut(words: Sequence[Word]) -> list[tuple[int, int]]:
    """The cheapest way to cut words into cues, as half-open ranges: least total cost, by dynamic programming."""
    run = _run(words)
    best = [0.0] + [math.inf] * len(words)
    previous = [0] * (len(words) + 1)
    for end in range(1, len(words) + 1):
        for start in range(end - 1, -1, -1):
            if end - start > 1 and not run.fits(start, end):
                break
            cost = best[start] + run.cost(start, end)
            if cost < best[end]:
                best[end], previous[end] = cost, start
    ranges = []
    end = len(words)
    while end:
        ranges.append((previous[end], end))
        end = previous[end]
    return ranges[::-1]


def _break_cost(text: str, pause: float) -> float:
    if _ends(text, _SENTENCE_ENDS) or pause >= _LONG_PAUSE:
        return 0.0
    if _ends(text, _PHRASE_ENDS):
        return 0.6
    return 0.9 if pause >= _PAUSE else 2.0


def _ends(text: str, marks: tuple[str, ...]) -> bool:
    return text.rstrip(_CLOSING).endswith(marks)


def _timed(groups: Sequence[Sequence[Word]], duration: float) -> Iterator[Cue]:
    """Each group from its first word on, as long as it takes to read where the next one waits that long."""
    shown = 0.0
    for i, group in enumerate(groups):
        lines = _lines([w.text for w in group])
        ceiling = groups[i + 1][0].start if i + 1 < len(groups) else duration
        reading = max(SHORTEST_CUE, sum(map(columns, lines)) / _READING_COLUMNS_PER_SECOND)
        start = max(group[0].start, shown)
        end = min(max(group[-1].end, start + reading), round(start + LONGEST_CUE, 3), max(ceiling, start))
        start = max(shown, min(start, end - SHORTEST_CUE))  # no room behind: come earlier
        start, end = milliseconds(start), milliseconds(end)
        if end > start:
            yield Cue(start, end, lines)
            shown = end


def _lines(texts: Sequence[str]) -> tuple[str, ...]:
    whole = joined(texts)
    if columns(whole) <= LINE_COLUMNS:
        return (whole,)
    at = _split(texts)
    assert at is not None, "only what fits is made a cue"
    return joined(texts[:at]), joined(texts[at:])


def _split(texts: Sequence[str]) -> int | None:
    """Where to break into two lines: about equal, rather after punctuation. None when there is no way."""
    ways: list[tuple[int, int]] = []
    for at in range(len(texts) - 1, 0, -1):
        below = columns(joined(texts[at:]))
        if below > LINE_COLUMNS:
            break
        above = columns(joined(texts[:at]))
        if above <= LINE_COLUMNS:
            bonus = 10 if _ends(texts[at - 1], _SENTENCE_ENDS + _PHRASE_ENDS) else 0
            ways.append((abs(above - below) - bonus, at))
    return min(ways)[1] if ways else None


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def spaceless(character: str) -> bool:
    """Whether a character's script puts no spaces between words."""
    code = ord(character)
    return (
        0x0E00 <= code <= 0x0EFF  # Thai, Lao
        or 0x1000 <= code <= 0x109F  # Burmese
        or 0x1780 <= code <= 0x17FF  # Khmer
        or 0x2E80 <= code <= 0x9FFF  # CJK punctuation, kana, ideographs
        or 0xF900 <= code <= 0xFAFF
        or 0xFF00 <= code <= 0xFFEF  # full-width forms
        or 0x20000 <= code <= 0x3FFFF
    )
