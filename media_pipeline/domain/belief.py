"""What of a recogniser's answer is believed. Whisper makes up lines where nobody speaks, and goes round in circles.

Text that repeats itself is never believed. Everything else is a doubt: speech gives rise to one now and then, noise
that was taken for speech to several.
"""

import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from media_pipeline.domain.transcript import Word, columns, joined

_MOST_COMPRESSIBLE = 2.4  # Whisper's own limit: text that zlib shrinks further repeats itself
_LEAST_LOG_PROBABILITY = -1.0
_MOST_NO_SPEECH = 0.5
_LEAST_WORD_CONFIDENCE = 0.4
_LEAST_LANGUAGE_CONFIDENCE = 0.6  # speech has 0.7 and more, sounds have 0.3 to 0.57
_LEAST_LIKELY_LANGUAGE = 0.3  # counts once more: it is like no language at all
_MOST_COLUMNS_PER_SECOND = 30  # who speaks very fast comes to 25
_FREE_COLUMNS = 12
_MOST_DOUBTS = 1
_MOST_REPEATS = 3
_LONGEST_PHRASE = 8
"""words; loops of longer phrases are caught by their compressibility"""

_GHOSTS = frozenset({
    "you", "bye", "byebye", "thankyou", "thanks", "thankyousomuch", "thankyouverymuch", "thankyouforwatching",
    "thanksforwatching", "pleasesubscribe", "subscribe", "pleasesubscribetomychannel", "likeandsubscribe",
    "seeyouinthenextvideo", "illseeyouinthenextvideo", "music", "applause", "silence", "blankaudio",
    "subtitlesbytheamaraorgcommunity", "transcriptionbycastingwords", "untertitelderamaraorgcommunity",
    "untertitelimauftragdeszdffürfunk2017", "vielendank", "soustitresréalisésparlacommunautédamaraorg", "merci",
    "soustitresréalisésparalacommunautédamaraorg", "subtítulosrealizadosporlacomunidaddeamaraorg", "gracias",
    "legendaspelacomunidadeamaraorg", "obrigado", "sottotitolicreatidallacomunitàamaraorg", "grazie",
    "ondertitelingingediendoordeamaraorggemeenschap", "napisystworzoneprzezspołecznośćamaraorg", "dziękuję",
    "продолжениеследует", "спасибозапросмотр", "субтитрысделалdimatorzok", "شكرا", "ترجمةنانسيقنقر", "altyazımk",
    "ご視聴ありがとうございました", "ありがとうございました", "おやすみなさい", "谢谢观看", "谢谢大家",
    "字幕由amaraorg社区提供", "請不吝點贊訂閱轉發打賞支持明鏡與點點欄目", "시청해주셔서감사합니다", "감사합니다",
})  # fmt: skip
"""What Whisper's training films say where nobody speaks. People say such things too, so it is one doubt and no more."""


@dataclass(frozen=True, slots=True)
class Said:
    """One segment of a recogniser's answer: its words, and how sure it was."""

    words: tuple[Word, ...]
    text: str
    mean_log_probability: float
    no_speech_probability: float


def believed(segments: Iterable[Said], *, language_confidence: float = 1.0) -> list[Word]:
    """The words of the segments that are neither noise taken for speech nor a recogniser going round in circles, put
    together where they were cut at a hyphen or an apostrophe. Times are those of the recording."""
    words = [w for said in segments if _trusted(said, language_confidence) for w in _whole(said.words)]
    return _without_loops(words)


def _trusted(said: Said, language_confidence: float) -> bool:
    words = [w for w in said.words if w.text.strip()]
    if not words or not all(map(math.isfinite, (said.mean_log_probability, said.no_speech_probability))):
        return False
    data = said.text.encode()
    if len(data) / len(zlib.compress(data)) > _MOST_COMPRESSIBLE:
        return False
    seconds = words[-1].end - words[0].start
    doubts = (
        said.mean_log_probability < _LEAST_LOG_PROBABILITY,
        said.no_speech_probability > _MOST_NO_SPEECH,
        mean(w.confidence for w in words) < _LEAST_WORD_CONFIDENCE,
        language_confidence < _LEAST_LANGUAGE_CONFIDENCE,
        language_confidence < _LEAST_LIKELY_LANGUAGE,
        columns(said.text.strip()) > _FREE_COLUMNS + _MOST_COLUMNS_PER_SECOND * seconds,
        _plain(said.text) in _GHOSTS,
    )
    return sum(doubts) <= _MOST_DOUBTS


def _whole(words: Sequence[Word]) -> Iterator[Word]:
    """Recognisers cut "forty-two" into " forty" and "-two": what has no space before it goes on with the word before,
    except in scripts that write no spaces."""
    open_: Word | None = None
    for word in words:
        if not word.text.strip():
            continue
        if open_ and not word.text[0].isspace() and joined([open_.text[-1], word.text[0]]).count(" "):
            sure = min(open_.confidence, word.confidence)
            open_ = Word(open_.start, max(open_.end, word.end), open_.text + word.text, sure)
            continue
        if open_:
            yield open_
        open_ = word
    if open_:
        yield open_


def _without_loops(words: Sequence[Word]) -> list[Word]:
    """A phrase said more than three times in a row is kept once: people repeat themselves, but not like that."""
    out: list[Word] = []
    at = 0
    while at < len(words):
        length, repeats = _loop(words, at)
        if repeats > _MOST_REPEATS:
            out += words[at : at + length]
            at += length * repeats
        else:
            out.append(words[at])
            at += 1
    return out


def _loop(words: Sequence[Word], at: int) -> tuple[int, int]:
    """The phrase at a place that is repeated most there: its length in words, and how often it is said."""
    best = (1, 1)
    for length in range(1, min(_LONGEST_PHRASE, (len(words) - at) // 2) + 1):
        phrase = [_plain(w.text) for w in words[at : at + length]]
        repeats = 1
        while [_plain(w.text) for w in words[at + repeats * length : at + (repeats + 1) * length]] == phrase:
            repeats += 1
        if repeats > best[1]:
            best = (length, repeats)
    return best


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
