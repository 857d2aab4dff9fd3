from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from media_pipeline.domain.fairness import MEDIUM_BYTES, SMALL_BYTES, Lane, Size, chosen, size, turns
from media_pipeline.domain.job import Job, Origin
from media_pipeline_tests.builders import job


def jobs(count: int, *, tenant: str = "a", source_bytes: int = 1, origin: Origin = Origin.LIVE) -> list[Job]:
    """Jobs received one a second."""
    one = job(tenant=tenant, size=source_bytes, origin=origin)
    return [
        replace(one, media_id=f"{tenant}-{source_bytes}-{origin}-{n:03}", received_at=one.received_at + timedelta(0, n))
        for n in range(count)
    ]


def order(*of: Job) -> list[str]:
    return [f"{j.tenant}{j.media_id[-1]}" for j, _ in turns(of, {})]


@pytest.mark.parametrize(
    ("source_bytes", "expected"),
    [
        (0, Size.SMALL), (SMALL_BYTES - 1, Size.SMALL), (SMALL_BYTES, Size.MEDIUM), (MEDIUM_BYTES - 1, Size.MEDIUM),
        (MEDIUM_BYTES, Size.LARGE), (10**13, Size.LARGE),
    ],
)  # fmt: skip
def test_a_size_is_small_medium_or_large(source_bytes: int, expected: Size) -> None:
    assert size(source_bytes) is expected


def test_of_one_line_the_first_received_is_first() -> None:
    assert order(*reversed(jobs(4))) == ["a0", "a1", "a2", "a3"]


def test_tenants_take_turns_however_much_one_has() -> None:
    assert order(*jobs(4), *jobs(2, tenant="b")) == ["a0", "b0", "a1", "b1", "a2", "a3"]


def test_the_small_goes_before_the_large_and_does_not_keep_it_out() -> None:
    ranked = turns([*jobs(3, source_bytes=10**10), *jobs(30)], {})
    sizes = [size(j.size) for j, _ in ranked]
    assert sizes[:3] == [Size.SMALL, Size.LARGE, Size.SMALL]
    assert sizes.index(Size.LARGE) == 1


def test_an_import_waits_for_all_that_is_live() -> None:
    ranked = turns([*jobs(5, origin=Origin.IMPORT), *jobs(400, source_bytes=10**10)], {})
    assert [j.origin for j, _ in ranked[-5:]] == [Origin.IMPORT] * 5
    assert min(p for j, p in ranked if j.origin is Origin.LIVE) > max(p for j, p in ranked if j.origin is Origin.IMPORT)


def test_who_has_much_underway_stands_behind_who_has_nothing() -> None:
    mine, other = jobs(1)[0], jobs(2, tenant="b")[1]
    assert [j for j, _ in turns([mine, other], {Lane.of(mine): 1})] == [other, mine]


def test_a_tenant_is_shown_printable_and_short() -> None:
    assert Lane.of(job(tenant="a\nb" + "x" * 5000)).tenant == "a\ufffdb" + "x" * 97


def test_the_queue_holds_no_more_than_it_has_room_for() -> None:
    ranked = turns(jobs(10), {})
    assert len(chosen(ranked, {}, room=4, most=25)) == 4
    assert len(chosen(ranked, {}, room=4, most=3)) == 3
    assert chosen(ranked, Counter({Lane.of(ranked[0][0]): 4}), room=0, most=25) == []


def test_a_full_queue_still_takes_one_of_each_who_has_none_in_it() -> None:
    mine, others = jobs(10), [jobs(3, tenant="b"), jobs(3, tenant="c")]
    ranked = turns([*mine, *others[0], *others[1]], {})
    found = chosen(ranked, {Lane.of(mine[0]): 25}, room=0, most=25)
    assert [j for j, _ in found] == [others[0][0], others[1][0]]
