"""What is counted, and under which names."""

from datetime import timedelta
from itertools import product

import pytest

from media_pipeline.application.register import tasks
from media_pipeline.domain import tally
from media_pipeline.domain.attempt import Work, stage
from media_pipeline.domain.errors import ClosingCode, QuarantineCode, RejectionCode
from media_pipeline.domain.job import Failure, JobState, Origin
from media_pipeline.domain.tally import BOUNDS, STAGES, Measure, Outcome, Tally
from media_pipeline.infrastructure import recipes
from media_pipeline_tests.builders import NOW


def test_the_stages_are_those_of_the_tasks() -> None:
    for profile in recipes.load().profiles.values():
        assert {stage(name) for name in tasks(profile)} == set(STAGES)


def test_every_kind_that_can_be_counted_begins_at_zero() -> None:
    there = {t.kind[:3] for t in tally.nothing()}
    codes = [Failure(code, "") for code in (*RejectionCode, *QuarantineCode)]
    counted = [tally.retried("source"), *(tally.received(origin, 1) for origin in Origin)]
    for of, failure in product(STAGES, [None, *codes]):
        counted += tally.tried(of, 1.0, failure, None) + tally.tried(of, 1.0, None, Work(1.0, 1))
    verdicts: list[tuple[JobState, Failure | None]] = [(JobState.READY, None), (JobState.CANCELLED, None)]
    verdicts += [(JobState.REJECTED, Failure(code, "")) for code in RejectionCode]
    verdicts += [(JobState.QUARANTINED, Failure(code, "")) for code in QuarantineCode]
    verdicts += [(JobState.CANCELLED, Failure(ClosingCode.SUPERSEDED, ""))]
    for (to, why), origin in product(verdicts, Origin):
        counted += tally.moved(to, why, origin=origin, received_at=NOW, playable_at=None, ready_at=None, at=NOW)
    assert {t.kind[:3] for t in counted} - there == set()
    assert all(t.count == t.total == 0 for t in tally.nothing())


@pytest.mark.parametrize(("seconds", "bucket"), [(-1, 0), (0, 0), (5, 0), (5.001, 1), (86_400, 14), (86_401, 15)])
def test_a_value_is_in_the_first_bucket_that_holds_it(seconds: float, bucket: int) -> None:
    at = NOW + timedelta(seconds=seconds)
    (told,) = tally.moved(
        JobState.PLAYABLE, None, origin=Origin.LIVE, received_at=NOW, playable_at=None, ready_at=None, at=at
    )
    assert told == Tally(Measure.PLAYABLE, "live", bucket=bucket, total=max(0, round(seconds * 1000)))


@pytest.mark.parametrize(
    ("failure", "work", "outcome"),
    [
        (None, Work(), Outcome.DONE),
        (None, None, Outcome.STOPPED),
        (Failure(RejectionCode.NOT_MEDIA, ""), None, Outcome.REJECTED),
        (Failure(QuarantineCode.TIMEOUT, ""), None, Outcome.FAILED),
    ],
)
def test_a_try_has_one_outcome(failure: Failure | None, work: Work | None, outcome: Outcome) -> None:
    assert tally.tried("stream", 1.0, failure, work)[0].code == outcome


def test_sums_do_not_depend_on_their_order() -> None:
    told = [one for seconds in (0.1, 0.2, 0.7, 1e9 + 0.001) for one in tally.tried("stream", seconds, None, Work())]
    assert tally.summed(told) == tally.summed(reversed(told)) == tally.summed(tally.summed(told[:2]) + told[2:])


def test_bounds_rise() -> None:
    assert all(list(bounds) == sorted(set(bounds)) for bounds in BOUNDS.values())
