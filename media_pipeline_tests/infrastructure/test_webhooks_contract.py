"""What every Webhooks promises, and the catalogue over the same database: no change of a state without its message."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.webhooks import Webhooks
from media_pipeline.domain.errors import Missing, QuarantineCode
from media_pipeline.domain.job import ERASED, SUPERSEDED, Failure, Job, JobState
from media_pipeline.domain.receipt import Receipt
from media_pipeline.domain.webhook import Delivery, DeliveryState, Webhook
from media_pipeline.infrastructure.catalogue import SqlCatalogue
from media_pipeline.infrastructure.connections import Connections
from media_pipeline.infrastructure.database import upgrade
from media_pipeline.infrastructure.webhooks import SqlWebhooks
from media_pipeline_tests import builders as a
from media_pipeline_tests.fake_webhooks import MemoryWebhooks
from media_pipeline_tests.fakes import MemoryCatalogue
from media_pipeline_tests.postgres import Postgres, empty

NOW = a.NOW
SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)
EVERYTHING = frozenset(JobState)
CRASHED = Failure(QuarantineCode.TOOL_CRASH, "A tool crashed.")
_S = JobState


@dataclass(frozen=True)
class Both:
    """A catalogue and the webhooks that hear of it."""

    catalogue: Catalogue
    webhooks: Webhooks

    def webhook(self, id: str = "hook", *, tenant: str = "acme", events: frozenset[JobState] = EVERYTHING) -> Webhook:
        made = Webhook(id, tenant, f"https://example.com/{id}", "whsec_AAAA", events, NOW)
        self.webhooks.add(made)
        return made

    def job(self, key: str = "clip", etag: str = "e1", *, tenant: str = "acme", at: datetime = NOW) -> Job:
        return self.catalogue.register(
            a.upload(key, etag), title=key, tenant=tenant, profile="web", tasks=("source",), at=at
        )  # fmt: skip

    def move(self, job: Job, *states: JobState, failure: Failure | None = None, at: datetime = NOW) -> bool:
        return all(self.catalogue.move(job.media_id, job.version, s, failure=failure, at=at) for s in states)

    def told(self, webhook: str = "hook") -> list[tuple[str, str]]:
        """What was announced to a webhook: version and state, sorted."""
        return sorted((d.version, str(d.event)) for d in self.webhooks.deliveries(webhook, limit=100))

    def claim(self, now: datetime = NOW, until: datetime = SOON, **limits: int) -> list[Delivery]:
        given = {"each": 100, "limit": 100} | limits
        return [d for _, d in self.webhooks.claim(now=now, until=until, each=given["each"], limit=given["limit"])]


@pytest.fixture(scope="module")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("empty") / "catalogue.sqlite"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="module")
def on_postgres(postgres: Postgres) -> Connections:
    return Connections(postgres.empty_catalogue())


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Both:
    if request.param == "memory":
        webhooks = MemoryWebhooks()
        return Both(MemoryCatalogue(webhooks.announce), webhooks)
    if request.param == "sqlite":
        file = shutil.copy(request.getfixturevalue("empty_file"), tmp_path)
        connections = Connections(f"sqlite:///{file}")
    else:
        connections = request.getfixturevalue("on_postgres")
        empty(connections)
    return Both(SqlCatalogue(connections), SqlWebhooks(connections))


def test_webhooks_are_a_tenants_own_and_go_with_their_deliveries(both: Both) -> None:
    mine, theirs = both.webhook("mine"), both.webhook("theirs", tenant="rival", events=frozenset({_S.READY}))
    assert (both.webhooks.of("acme"), both.webhooks.of("rival"), both.webhooks.of("nobody")) == ([mine], [theirs], [])
    assert both.webhooks.find("theirs") == theirs
    both.job()
    both.webhooks.remove("mine")
    assert not any([both.webhooks.deliveries("mine"), both.webhooks.of("acme"), both.claim()])
    for call in (both.webhooks.find, both.webhooks.remove):
        with pytest.raises(Missing):
            call("mine")


def test_every_change_of_a_state_is_announced_once(both: Both) -> None:
    both.webhook()
    job = both.job()
    both.job()  # known: nothing changes
    assert not both.move(job, _S.READY)  # not allowed: nothing changes
    both.move(job, _S.PROCESSING, _S.PLAYABLE, _S.READY)
    assert not both.move(job, _S.READY)
    expected = [(job.version, s) for s in ("playable", "processing", "queued", "ready")]
    assert both.told() == expected
    again = {"run_id": "r", "profile": "web", "tasks": ("source",), "at": SOON}
    both.catalogue.restart(job.media_id, job.version, **again)  # type: ignore[arg-type]
    assert both.told() == sorted([*expected, (job.version, "playable")])
    both.catalogue.restart(job.media_id, job.version, **again)  # type: ignore[arg-type]
    assert len(both.told()) == 5  # it was playable already


def test_what_a_run_takes_up_is_processed_and_announced(both: Both) -> None:
    both.webhook(events=frozenset({_S.PROCESSING}))
    job = both.job()
    for _ in range(2):
        both.catalogue.restart(
            job.media_id, job.version, run_id="r", profile="web", tasks=("source",), at=SOON
        )  # fmt: skip
    assert both.told() == [(job.version, "processing")]
    (told,) = both.webhooks.deliveries("hook")
    assert (told.happened_at, told.failure) == (SOON, None)


def test_a_reason_comes_along(both: Both) -> None:
    both.webhook(events=frozenset({_S.QUARANTINED}))
    job = both.job()
    both.move(job, _S.QUARANTINED, failure=CRASHED, at=SOON)
    (told,) = both.webhooks.deliveries("hook")
    assert replace(told, id="") == Delivery(
        "", "hook", job.media_id, job.version, _S.QUARANTINED, CRASHED, SOON, DeliveryState.WAITING, 0, SOON
    )  # fmt: skip


def test_versions_that_are_superseded_or_erased_are_announced(both: Both) -> None:
    both.webhook(events=frozenset({_S.CANCELLED, _S.REMOVED, _S.QUEUED}))
    first, second = both.job(etag="e1"), both.job(etag="e2", at=SOON)
    told = {(d.version, d.event): d.failure for d in both.webhooks.deliveries("hook")}
    assert told == {
        (first.version, _S.QUEUED): None, (first.version, _S.CANCELLED): SUPERSEDED, (second.version, _S.QUEUED): None
    }  # fmt: skip
    both.catalogue.erase(Receipt(first.media_id, LATER, 2, 0, 0, 0, False))
    removed = {(d.version, d.failure) for d in both.webhooks.deliveries("hook") if d.event is _S.REMOVED}
    assert removed == {(first.version, ERASED), (second.version, ERASED)}
    both.catalogue.erase(Receipt(first.media_id, LATER, 2, 0, 0, 0, False))
    assert len(both.told()) == 5


def test_only_a_tenants_own_webhooks_hear_of_it_and_only_what_they_ask_for(both: Both) -> None:
    both.webhook("all")
    both.webhook("ready", events=frozenset({_S.READY}))
    both.webhook("rival", tenant="rival")
    job = both.job()
    both.move(job, _S.PROCESSING, _S.READY)
    assert [len(both.told(name)) for name in ("all", "ready", "rival")] == [3, 1, 0]


def test_pages_of_deliveries_follow_each_other_also_among_equal_times(both: Both) -> None:
    both.webhook()
    for number in range(5):
        both.job(f"clip-{number}")
    both.job("late", at=LATER)
    whole = both.webhooks.deliveries("hook", limit=100)
    assert whole[0].happened_at == LATER
    paged: list[Delivery] = []
    while page := both.webhooks.deliveries("hook", after=paged[-1].place if paged else None, limit=2):
        paged += page
    assert paged == whole
    assert len({d.id for d in whole}) == 6


def test_what_is_due_is_claimed_once_until_the_claim_ends(both: Both) -> None:
    both.webhook()
    both.job()
    assert both.claim(now=NOW - timedelta(seconds=1)) == []
    (claimed,) = both.claim()
    assert (claimed.tries, claimed.due_at) == (1, SOON)
    assert both.claim() == []
    (again,) = both.claim(now=SOON, until=LATER)  # whoever claimed it first has died
    assert again.tries == 2
    assert not both.webhooks.record(replace(claimed, state=DeliveryState.DELIVERED), claimed=claimed)
    done = replace(again, state=DeliveryState.DELIVERED, answer=204)
    assert both.webhooks.record(done, claimed=again)
    assert both.webhooks.deliveries("hook") == [done]
    assert both.claim(now=LATER + timedelta(days=1)) == []


def test_a_try_that_failed_waits_for_its_time(both: Both) -> None:
    both.webhook()
    both.job()
    (claimed,) = both.claim()
    waiting = replace(claimed, due_at=LATER, answer=500, trouble="The answer was 500.")
    assert both.webhooks.record(waiting, claimed=claimed)
    assert both.claim(now=LATER - timedelta(seconds=1)) == []
    assert [d.trouble for d in both.claim(now=LATER)] == ["The answer was 500."]


def test_no_webhook_takes_the_place_of_others(both: Both) -> None:
    both.webhook("slow")
    for number in range(9):
        both.job(f"clip-{number}", at=NOW + timedelta(seconds=number))
    both.webhook("other")
    both.job("last", at=SOON)
    first = both.claim(now=SOON, until=LATER, each=2)
    assert sorted(d.webhook_id for d in first) == ["other", "slow", "slow"]
    claims = both.webhooks.claim(now=SOON, until=LATER, each=4, limit=3, busy={"other"})
    assert [(w.id, d.webhook_id) for w, d in claims] == [("slow", "slow")] * 3
    assert both.webhooks.claim(now=SOON, until=LATER, each=4, limit=3, busy={"slow", "other"}) == []


def test_whatever_became_of_a_delivery_it_is_sent_again_when_somebody_asks(both: Both) -> None:
    both.webhook()
    both.job()
    (claimed,) = both.claim()
    failed = replace(claimed, state=DeliveryState.FAILED, tries=15, answer=500, trouble="no")
    assert both.webhooks.record(failed, claimed=claimed)
    fresh = both.webhooks.again("hook", claimed.id, at=LATER)
    assert (fresh.state, fresh.tries, fresh.due_at, fresh.answer, fresh.trouble) == (
        DeliveryState.WAITING, 0, LATER, None, None
    )  # fmt: skip
    assert both.webhooks.deliveries("hook") == [fresh]
    assert [d.id for d in both.claim(now=LATER, until=LATER + timedelta(minutes=1))] == [claimed.id]
    for webhook, id in (("other", claimed.id), ("hook", "unknown")):
        with pytest.raises(Missing):
            both.webhooks.again(webhook, id, at=LATER)


def test_what_is_over_is_forgotten_in_time(both: Both) -> None:
    both.webhook()
    both.job("old")
    both.job("waiting")
    both.job("new", at=LATER)
    for claimed in both.claim(now=LATER, until=LATER + timedelta(minutes=1)):
        if claimed.media_id != a.upload("waiting").media_id:
            both.webhooks.record(replace(claimed, state=DeliveryState.DELIVERED), claimed=claimed)
    assert both.webhooks.forget(before=SOON) == 1
    kept = {d.media_id for d in both.webhooks.deliveries("hook")}
    assert kept == {a.upload("new").media_id, a.upload("waiting").media_id}


def at_once(count: int, work: Callable[[int], None]) -> None:
    start = threading.Barrier(count)
    troubles: list[BaseException] = []

    def one(number: int) -> None:
        start.wait()
        try:
            work(number)
        except BaseException as trouble:  # noqa: BLE001 - told by the test
            troubles.append(trouble)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []


def test_several_gateways_send_nothing_twice(both: Both) -> None:
    both.webhook()
    for number in range(20):
        both.job(f"clip-{number}")
    taken: list[str] = []

    def gateway(_number: int) -> None:
        while claimed := both.claim(each=3, limit=3):
            taken.extend(d.id for d in claimed)

    at_once(4, gateway)
    assert (len(taken), len(set(taken))) == (20, 20)


def test_a_webhook_that_goes_undoes_no_change(both: Both) -> None:
    jobs = [both.job(f"clip-{number}") for number in range(12)]
    hooks = [both.webhook(f"hook-{number}").id for number in range(4)]

    def work(number: int) -> None:
        if number < 4:
            both.webhooks.remove(hooks[number])
        else:
            for job in jobs[number - 4 :: 4]:
                assert both.move(job, _S.PROCESSING)

    at_once(8, work)
    assert {both.catalogue.job(j.media_id).state for j in jobs} == {_S.PROCESSING}
    assert both.claim() == []


def test_a_change_that_is_undone_was_never_announced(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    if isinstance(both.catalogue, MemoryCatalogue):
        pytest.skip("nothing in memory is undone")
    both.webhook()
    job = both.job()
    before = both.told()

    def dies(*_arguments: object, **_named: object) -> None:
        raise sa.exc.OperationalError("UPDATE", {}, Exception("the server is gone"))

    monkeypatch.setattr("media_pipeline.infrastructure.catalogue_writes.reset_tasks", dies)
    with pytest.raises(Exception, match="does not answer"):
        both.catalogue.restart(
            job.media_id, job.version, run_id="r", profile="web", tasks=("source",), at=SOON
        )  # fmt: skip
    assert both.told() == before
    assert both.catalogue.job(job.media_id) == job
