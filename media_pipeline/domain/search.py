"""What media are found by: the words of a text, and those that somebody asks for."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice

from media_pipeline.domain.job import JobState
from media_pipeline.domain.transcript import spaceless

LONGEST_WORD = 64
"""characters; the rest of a longer one is nothing that people look for"""
MOST_WORDS = 50_000
"""of one media; a day of talk has fewer different ones"""
MOST_ASKED = 32
"""words of a question that count"""


@dataclass(frozen=True, slots=True)
class Query:
    """Every one of `whole` is to be there, and a word that begins with `start` ("" for any): who types has not
    finished the last word."""

    whole: frozenset[str]
    start: str


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of jobs is narrowed to; None does not narrow."""

    state: JobState | None = None
    without: frozenset[JobState] = frozenset()
    text: Query | None = None
    """title or description has all of its words"""
    tenant: str | None = None
    since: datetime | None = None
    """received then or later"""


EVERYTHING = Filter()


def words(texts: Iterable[str]) -> list[str]:
    """The different words of texts, in the order they come: without case, accents and marks. Where a language has no
    spaces, every two neighbours are a word, and the last character of a run one more.

    >>> words(["Crème brûlée, 2 x", "東京都"])
    ['creme', 'brulee', '2', 'x', '東京', '京都', '都']
    """
    found: dict[str, None] = {}
    for text in texts:
        for word in _split(text):
            if len(found) >= MOST_WORDS:
                break
            found[word] = None
    return list(found)


def query(text: str) -> Query:
    """What somebody asks for in these words; the first 32 count. Raises ValueError where there is none in it."""
    asked = list(islice(_split(text), MOST_ASKED))
    if not asked:
        raise ValueError(f"nothing to search for in {text!r}")
    # The last of a run without spaces stands for itself only where it was asked for alone.
    if len(asked) > 1 and len(asked[-1]) == 1 and spaceless(asked[-1]) and asked[-2].endswith(asked[-1]):
        asked.pop()
    return Query(frozenset(asked[:-1]), asked[-1])


def _split(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = unicodedata.normalize("NFC", "".join(c for c in plain if not _accent(c)))
    for lettered, run in groupby(plain, _of_a_word):
        if lettered:
            for word in _cut("".join(run)):
                yield word[:LONGEST_WORD]


def _accent(character: str) -> bool:
    """An accent over a Latin, Greek or Cyrillic letter; the vowel signs of other scripts are letters."""
    return "\u0300" <= character <= "\u036f"


def _of_a_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")


def _cut(run: str) -> Iterator[str]:
    for dense, part in groupby(run, spaceless):
        word = "".join(part)
        if not dense:
            yield word
        else:
            yield from (word[at : at + 2] for at in range(len(word)))
