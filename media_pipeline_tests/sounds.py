"""Sounds that are none of speech but near it, as 16 kHz mono s16le PCM: hummed and sung vowels, music, a crowd."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
Samples = NDArray[np.float64]
_SCALE = (196, 220, 247, 262, 294, 262, 247, 220)
"""Hz"""
_FORMANTS = {
    "m": ((250, 80, 1.0), (1200, 200, 0.05), (2200, 300, 0.02)),
    "a": ((700, 110, 1.0), (1150, 120, 0.7), (2500, 200, 0.3)),
    "o": ((320, 80, 1.0), (800, 100, 0.4), (2300, 200, 0.05)),
}
"""(frequency, width in Hz, strength)"""


def vowel(sound: str, seconds: float, pitch: float, *, glide: float = 0.0) -> Samples:
    """A throat's harmonics through a mouth's formants, with vibrato; `glide` in Hz a second."""
    t = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum((pitch + glide * t) * (1 + 0.02 * np.sin(2 * np.pi * 5 * t))) / RATE
    out = np.zeros_like(t)
    for harmonic in range(1, int(7500 / pitch)):
        loud = sum(g / (1 + ((pitch * harmonic - f) / width) ** 2) for f, width, g in _FORMANTS[sound])
        out += loud / harmonic**0.5 * np.sin(harmonic * phase)
    fade = np.minimum(1, np.minimum(np.arange(len(t)), np.arange(len(t))[::-1]) / (0.05 * RATE))
    return np.asarray(out / np.abs(out).max() * fade)


def _pluck(pitch: float, seconds: float) -> Samples:
    t = np.arange(int(seconds * RATE)) / RATE
    return np.asarray(sum(np.sin(2 * np.pi * pitch * h * t) / h for h in range(1, 6)) * np.exp(-3 * t))


def _drum(random: np.random.Generator) -> Samples:
    n = RATE // 5
    return random.standard_normal(n) * np.exp(-25 * np.arange(n) / RATE)


def placed(seconds: float, parts: Sequence[tuple[float, Samples, float]]) -> bytes:
    """Each part (at seconds, samples, volume) in silence."""
    out = np.zeros(int(seconds * RATE))
    for at, samples, volume in parts:
        start = int(at * RATE)
        fits = samples[: len(out) - start]
        out[start : start + len(fits)] += volume * fits
    return (np.clip(out, -1, 1) * 32000).astype("<i2").tobytes()


def _music() -> bytes:
    random = np.random.default_rng(1)
    melody = [(i * 0.25, _pluck(f, 1.0), 0.15) for i, f in enumerate(_SCALE * 4)]
    return placed(9, [*melody, *((i * 0.5, _drum(random), 0.3) for i in range(16))])


def _crowd() -> bytes:
    random = np.random.default_rng(1)
    voices = [(0.5 + 0.1 * i, vowel("a", 3, 120 + 11 * i), 0.08) for i in range(12)]
    return placed(6, [*voices, (0.5, random.standard_normal(4 * RATE), 0.05)])


SOUNDS: dict[str, Callable[[], bytes]] = {
    "short hums": lambda: placed(6, [(1, vowel("m", 0.6, 130), 0.4), (3, vowel("m", 0.8, 140, glide=-30), 0.4)]),
    "a hummed tune": lambda: placed(8, [(1 + i * 0.7, vowel("m", 0.65, f), 0.4) for i, f in enumerate(_SCALE)]),
    "one long ah": lambda: placed(5, [(1, vowel("a", 1.5, 150), 0.4)]),
    "sung vowels": lambda: placed(
        12, [(1 + i * 0.5, vowel("oa"[i % 2], 0.4, f), 0.4) for i, f in enumerate((196, 220, 247, 262) * 5)]
    ),
    "music": _music,
    "a crowd": _crowd,
}
