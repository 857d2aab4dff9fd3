"""What was said and when: words, cues, and their WebVTT and SRT text."""

from dataclasses import dataclass


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
        return " ".join(w.text.strip() for w in self.words)
