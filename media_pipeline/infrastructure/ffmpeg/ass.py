"""Advanced SubStation Alpha, which ffmpeg writes every kind of text subtitles as: cues without styling and drawings."""

import re
from collections.abc import Iterator

from media_pipeline.domain.transcript import Cue

_EVENT = re.compile(
    r"Dialogue:[^,]*,(\d+):(\d\d):(\d\d)\.(\d\d),(\d+):(\d\d):(\d\d)\.(\d\d),(?:[^,]*,){6}(.*)", re.DOTALL
)
_OVERRIDE = re.compile(r"((?<!\\)\{[^{}]*\})")
_DRAWING = re.compile(r"\\p(\d+)")
"""\\p1 and more: the text is a drawing until \\p0. \\pos and \\pbo are other things."""


def cues(text: str) -> Iterator[Cue]:
    """The events of a file as ffmpeg writes it; other lines are passed over."""
    for line in text.split("\n"):
        if event := _EVENT.match(line.rstrip("\r")):
            start, end = _seconds(*event.groups()[:4]), _seconds(*event.groups()[4:8])
            yield Cue(start, end, tuple(_plain(event[9]).split("\n")))


def _plain(text: str) -> str:
    shown, drawing = [], False
    for piece in _OVERRIDE.split(text):
        if _OVERRIDE.fullmatch(piece):
            modes = _DRAWING.findall(piece)
            drawing = int(modes[-1][:3]) > 0 if modes else drawing
        elif not drawing:
            shown.append(piece)
    plain = "".join(shown).replace(r"\N", "\n").replace(r"\n", " ").replace(r"\h", " ")
    return plain.replace(r"\{", "{").replace(r"\}", "}")


def _seconds(hours: str, minutes: str, seconds: str, hundredths: str) -> float:
    return int(hours[:6]) * 3600 + int(minutes) * 60 + int(seconds) + int(hundredths) / 100
