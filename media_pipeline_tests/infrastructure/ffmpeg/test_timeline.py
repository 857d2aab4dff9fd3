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
    for line in ("#tb 0: 1/1000", "#media_type 0: video", "#tb 1: 1/1000", "#media_type 1: audio"):
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


def steady(*passages: tuple[float, float]) -> list[float]:
    return [start + i * 0.04 for start, end in passages for i in range(round((end - start) / 0.04))]


def test_where_picture_and_sound_stop_together_the_clock_has_jumped() -> None:
    facts = logged(steady((0, 2), (3602, 5602)), steady((0, 2.2), (3602.1, 5600)))
    assert [(gap.start, gap.end) for gap in facts.gaps] == [(2.2, 3602.0)]
    assert facts.duration_seconds == pytest.approx(2002.2)
    assert facts.video is not None
    assert facts.video.frame_rate == 25
    assert facts.played(3602) == pytest.approx(2.2)
    assert facts.told(2.3) == pytest.approx(3602.1)


def test_where_one_of_them_goes_on_it_has_not() -> None:
    facts = logged(steady((0, 200)), steady((0, 2), (100, 200)))
    assert facts.gaps == ()
    assert [(pause.start, pause.end) for pause in facts.audio[0].silences] == [(2.0, 100.0)]
    assert logged(steady((0, 2), (100, 200)), steady((0, 200))).gaps == ()
    assert logged(steady((0, 2), (9, 11)), steady((0, 2), (9, 11))).gaps == ()


@pytest.mark.parametrize(
    ("times", "gaps"),
    [
        (steady((0, 2), (200, 202)), 0),
        (steady((0, 2), (400, 402)), 1),
        ([i * 400.0 for i in range(9)], 0),
    ],
    ids=["a screen", "a jump", "slides"],
)
def test_a_picture_without_sound_may_stand_still(times: list[float], gaps: int) -> None:
    assert len(logged(times, [], info(audio=())).gaps) == gaps


def test_only_so_many_jumps_are_left_out_the_longest() -> None:
    times = steady(*[(i * 20.0, i * 20 + 1) for i in range(300)], (20_000.0, 20_001.0))
    facts = logged(times, times)
    assert len(facts.gaps) == 100
    assert facts.gaps[-1].seconds == pytest.approx(14_019)


def test_what_lies_in_a_jump_is_shown_where_it_was() -> None:
    facts = logged(steady((0, 2), (102, 104)), steady((0, 2), (102, 104)))
    assert [facts.played(at) for at in (1, 2, 50, 102, 103)] == pytest.approx([1, 2, 2, 2, 3])


def test_reordered_packets_belong_behind_the_jump_and_one_wrong_timestamp_nowhere() -> None:
    log = Log()
    for line in ("#tb 0: 1/1000", "#media_type 0: video"):
        log.note(line)
    for decoded, shown in ((0, 40), (40, 3_600_080), (80, 3_600_120), (3_600_040, 3_600_160), (3_600_080, 9_000_000)):
        log.note(f"0, {decoded}, {shown}, 40, 100, 0x0")
    facts = settled(info(audio=()), log)
    assert facts.duration_seconds == pytest.approx(0.2, abs=0.05)


def test_a_packet_of_sound_that_claims_an_hour_with_few_bytes_is_short() -> None:
    log = Log()
    for line in ("#tb 0: 1/1000", "#media_type 0: audio"):
        log.note(line)
    for at, duration in ((0, 20), (20, 3_600_000), (3_600_020, 20)):
        log.note(f"0, {at}, {at}, {duration}, 6, 0x0")
    assert settled(info(video=None), log).duration_seconds < 1
