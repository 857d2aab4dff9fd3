from itertools import pairwise

import pytest

from media_pipeline.domain.job import ALLOWED, LIVE, JobState

S = JobState


def test_every_state_has_a_way_in_and_none_leads_to_itself() -> None:
    assert set(ALLOWED) == set(S)
    assert all(to not in origins for to, origins in ALLOWED.items())


@pytest.mark.parametrize(
    "path",
    [
        [S.QUEUED, S.PROCESSING, S.PLAYABLE, S.READY],
        [S.QUEUED, S.PROCESSING, S.REJECTED],
        [S.PROCESSING, S.QUARANTINED, S.PROCESSING, S.PLAYABLE],
        [S.PLAYABLE, S.REMOVED],
        [S.QUEUED, S.CANCELLED, S.QUEUED],
    ],
)
def test_the_stories_that_are_told_are_allowed(path: list[JobState]) -> None:
    for before, after in pairwise(path):
        assert before in ALLOWED[after]


def test_what_is_playable_is_never_rejected_or_quarantined() -> None:
    for verdict in (S.REJECTED, S.QUARANTINED):
        assert not ALLOWED[verdict] & {S.PLAYABLE, S.READY}


def test_a_removed_job_stays_removed() -> None:
    assert all(S.REMOVED not in origins for origins in ALLOWED.values())


def test_live_jobs_have_nothing_to_watch() -> None:
    assert {S.QUEUED, S.PROCESSING} == LIVE
