"""The media's clock from packets alone."""

from fractions import Fraction

import pytest

from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.domain.media import MediaInfo
from media_pipeline.infrastructure.ffmpeg.timeline import Log, frame_rate, settled
from media_pipeline_tests.builders import info

TICK = 1 / 90_000


def spaced(rate: float, count: int = 50, tick: float = TICK) -> list[float]:
    return [round(i / rate / tick) * tick for i in range(count)]


def logged(picture: list[float], sound: list[float], of: MediaInfo | None = None) -> MediaInfo:
    log = Log()
    for line in ("#tb 0: 1/1000", "#tb 1: 1/1000"):
        log.note(line)
    for index, times in enumerate((picture, sound)):
        for time in times:
            log.note(f"{index}, {round(time * 1000)}, {round(time * 1000)}, 40, 100, 0x0")
    return settled(of or info(), log)


@pytest.mark.parametrize(
    "rate", [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60), Fraction(12)]
)
@pytest.mark.parametrize("tick", [TICK, 0.001])
def test_a_steady_cadence_is_found_whatever_the_clock_and_the_header(rate: Fraction, tick: float) -> None:
    assert frame_rate(spaced(float(rate), tick=tick), tick, Fraction(17)) == rate


def test_quick_passages_set_the_rate() -> None:
    times = [*spaced(2, 20), *[10 + t for t in spaced(50, 30)]]
    assert frame_rate(times, TICK, Fraction(7)) == 50


def test_packets_that_are_never_shown_do_not_count() -> None:
    times = spaced(25, 60)
    assert frame_rate([*times, *[t + 0.001 for t in times[::8]]], 0.001, Fraction(25)) == 25


def test_without_a_cadence_the_claim_stands() -> None:
    assert frame_rate([1.0], TICK, Fraction(24)) == 24


def test_an_encoders_run_in_is_cut_and_a_picture_that_comes_later_falls_on_the_grid() -> None:
    assert logged([0.021, 0.061], [0.0, 0.02]).start_seconds == pytest.approx(0.021)
    late = logged([0.53, 0.57], [0.0, 0.5])
    assert (0.53 - late.start_seconds) * 25 == pytest.approx(14, abs=0.001)


def test_streams_that_never_send_a_packet_are_none() -> None:
    assert logged([], [0.0, 0.02]).kind == "audio"
    assert logged([0.0, 0.04], []).audio == ()
    with pytest.raises(BadMedia) as caught:
        logged([], [])
    assert caught.value.code is RejectionCode.ZERO_DURATION


def test_the_longer_stream_is_the_duration_and_the_picture_waits_for_it() -> None:
    facts = logged([0.0, 0.04], [i * 0.04 for i in range(50)])
    assert facts.duration_seconds == pytest.approx(2)
    assert facts.held_seconds == pytest.approx(1.92)
