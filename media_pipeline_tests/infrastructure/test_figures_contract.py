"""What every Figures promises, beside the catalogue it counts in: the fake, and SQL on SQLite and on Postgres."""

import random
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.figures import Figures
from media_pipeline.domain.attempt import LOST, Work
from media_pipeline.domain.census import Census, Queue
from media_pipeline.domain.errors import MediaError, QuarantineCode, RejectionCode
from media_pipeline.domain.job import ERASED, SUPERSEDED, Failure, Job, JobState, Origin, TaskState
from media_pipeline.domain.receipt import Receipt
from media_pipeline.domain.tally import Measure, Tally
from media_pipeline.domain.upload import StoredObject, received
from media_pipeline.infrastructure.catalogue import SqlCatalogue
from media_pipeline.infrastructure.connections import Connections
from media_pipeline.infrastructure.database import upgrade
from media_pipeline.infrastructure.figures import SqlFigures
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryFigures
from media_pipeline_tests.postgres import Postgres, empty

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DAMAGED = Failure(RejectionCode.UNREADABLE, "The file is damaged.")
AWAY = Failure(QuarantineCode.STORE_UNAVAILABLE, "The store does not answer.")
TASKS = ("source", "transcodes/720p", "audio")
ALL = 1_000_000


class Place(NamedTuple):
    catalogue: Catalogue
    figures: Figures


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "memory":
        memory = MemoryCatalogue()
        return Place(memory, MemoryFigures(memory))
    if request.param == "sqlite":
        file = shutil.copy(request.getfixturevalue("empty_file"), tmp_path)
        connections = Connections(f"sqlite:///{file}")
    else:
        connections = request.getfixturevalue("on_postgres")
        empty(connections)
    return Place(SqlCatalogue(connections), SqlFigures(connections))


@pytest.fixture(scope="module")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("empty") / "catalogue.sqlite"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="module")
def on_postgres(postgres: Postgres) -> Connections:
    return Connections(postgres.empty_catalogue())


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def register(
    place: Place, key: str = "clip.mp4", *, etag: str = "e1", size: int = 1000, origin: Origin = Origin.LIVE,
    at: datetime = NOW,
) -> Job:  # fmt: skip
    of = received(StoredObject("uploads", key, etag, size, NOW))
    return place.catalogue.register(
        of, title="Clip", tenant="default", profile="web", tasks=TASKS, origin=origin, at=at
    )


def move(place: Place, job: Job, to: JobState, *, failure: Failure | None = None, at: datetime = NOW) -> bool:
    return place.catalogue.move(job.media_id, job.version, to, failure=failure, at=at)


def counted(place: Place, *measures: Measure) -> list[Tally]:
    return [t for t in place.figures.tallies() if t.measure in measures]


def test_of_nothing_there_are_no_numbers(place: Place) -> None:
    assert place.figures.tallies() == []
    assert place.figures.census() == Census({}, {}, {}, {})
    assert place.figures.fold(most=ALL) == 0


def test_what_was_received_is_counted_once_with_its_bytes(place: Place) -> None:
    register(place, size=1000)
    register(place, size=1000)
    register(place, "other.mp4", size=500)
    register(place, "old.mp4", size=7_000_000_000, origin=Origin.IMPORT)
    assert counted(place, Measure.RECEIVED) == [
        Tally(Measure.RECEIVED, "import", count=1, total=7_000_000_000),
        Tally(Measure.RECEIVED, "live", count=2, total=1500),
    ]


def test_the_wait_until_something_plays_is_counted_the_first_time_only(place: Place) -> None:
    job = register(place)
    move(place, job, JobState.PROCESSING)
    assert move(place, job, JobState.PLAYABLE, at=after(45))
    assert not move(place, job, JobState.PLAYABLE, at=after(46))
    assert move(place, job, JobState.READY, at=after(90))
    again = place.catalogue.restart(
        job.media_id, job.version, run_id="later", profile="web", tasks=TASKS, at=after(1000)
    )
    assert again
    assert move(place, job, JobState.READY, at=after(2000))
    assert counted(place, Measure.PLAYABLE, Measure.READY, Measure.CLOSED) == [
        Tally(Measure.CLOSED, "ready", count=2),
        Tally(Measure.PLAYABLE, "live", bucket=4, total=45_000),  # up to 60 s
        Tally(Measure.READY, "live", bucket=5, total=90_000),  # up to 120 s
    ]


def test_what_is_ready_at_once_was_playable_too(place: Place) -> None:
    job = register(place)
    move(place, job, JobState.PROCESSING)
    move(place, job, JobState.READY)
    assert [t.measure for t in counted(place, Measure.PLAYABLE, Measure.READY)] == [Measure.PLAYABLE, Measure.READY]


def test_jobs_that_end_are_counted_by_what_ended_them(place: Place) -> None:
    one, two, three = (register(place, f"{n}.mp4") for n in range(3))
    move(place, one, JobState.REJECTED, failure=DAMAGED)
    move(place, two, JobState.QUARANTINED, failure=AWAY)
    register(place, "2.mp4", etag="e2")  # three is replaced
    place.catalogue.erase(Receipt(one.media_id, NOW, 1, 1, 1, 0, source_deleted=False))
    place.catalogue.erase(Receipt(one.media_id, NOW, 1, 1, 1, 0, source_deleted=False))
    assert place.catalogue.job(three.media_id, three.version).failure == SUPERSEDED
    assert counted(place, Measure.CLOSED) == [
        Tally(Measure.CLOSED, "cancelled", "SUPERSEDED"),
        Tally(Measure.CLOSED, "quarantined", "STORE_UNAVAILABLE"),
        Tally(Measure.CLOSED, "rejected", "UNREADABLE"),
        Tally(Measure.CLOSED, "removed", "ERASED"),
    ]
    assert place.catalogue.job(one.media_id).failure == ERASED


def test_tries_are_counted_by_stage_outcome_and_time(place: Place) -> None:
    job = register(place)
    this = job.media_id, job.version
    place.catalogue.begin(*this, "transcodes", run_id="run-1", at=NOW)
    place.catalogue.end(*this, "transcodes", failure=AWAY, at=after(3))
    place.catalogue.begin(*this, "transcodes", run_id="run-1", at=after(3))  # lost with its worker
    place.catalogue.begin(*this, "transcodes", run_id="run-2", at=after(63))
    place.catalogue.end(*this, "transcodes", work=Work(240.0, 9_000_000_000), at=after(183))
    place.catalogue.begin(*this, "subtitles", run_id="run-2", at=after(183))
    place.catalogue.end(*this, at=after(184))  # stopped
    place.catalogue.begin(*this, "source", run_id="run-2", at=after(184))
    place.catalogue.end(*this, failure=DAMAGED, at=after(184.25))
    assert counted(place, Measure.TRIED, Measure.FAILED, Measure.RETRIED) == [
        Tally(Measure.FAILED, "source", "UNREADABLE"),
        Tally(Measure.FAILED, "transcodes", "STORE_UNAVAILABLE"),
        Tally(Measure.FAILED, "transcodes", "WORKER_LOST"),
        Tally(Measure.RETRIED, "transcodes", count=2),
        Tally(Measure.TRIED, "source", "rejected", bucket=0, total=250),
        Tally(Measure.TRIED, "subtitles", "stopped", bucket=1, total=1000),
        Tally(Measure.TRIED, "transcodes", "done", bucket=7, total=120_000),
        Tally(Measure.TRIED, "transcodes", "failed", bucket=3, total=3000),
        Tally(Measure.TRIED, "transcodes", "failed", bucket=6, total=60_000),
    ]
    assert counted(place, Measure.ENCODED, Measure.SPEED, Measure.STORED) == [
        Tally(Measure.ENCODED, total=240_000),
        Tally(Measure.SPEED, bucket=4, total=2000),
        Tally(Measure.STORED, "transcodes", total=9_000_000_000),
    ]


def test_a_part_that_failed_is_counted_beside_its_try(place: Place) -> None:
    job = register(place)
    place.catalogue.begin(job.media_id, job.version, "transcodes", run_id="run-1", at=NOW)
    place.catalogue.failed("transcodes", LOST)
    assert counted(place, Measure.FAILED, Measure.TRIED) == [Tally(Measure.FAILED, "transcodes", "WORKER_LOST")]
    (attempt,) = place.catalogue.attempts(job.media_id, job.version)
    assert attempt.ended_at is None


def test_a_try_after_somebody_asked_anew_is_no_retry(place: Place) -> None:
    job = register(place)
    this = job.media_id, job.version
    place.catalogue.begin(*this, "source", run_id="run-1", at=NOW)
    place.catalogue.end(*this, "source", failure=AWAY, at=NOW)
    place.catalogue.restart(*this, run_id="run-2", profile="web", tasks=TASKS, fresh=True, at=NOW)
    place.catalogue.begin(*this, "source", run_id="run-2", at=NOW)
    assert counted(place, Measure.RETRIED) == []


def test_the_census_tells_how_things_stand(place: Place) -> None:
    jobs = [register(place, f"{n}.mp4", at=after(n)) for n in range(6)]
    register(place, "old.mp4", origin=Origin.IMPORT, at=after(-100))
    for job in jobs[3:]:
        move(place, job, JobState.PROCESSING)
    move(place, jobs[3], JobState.QUARANTINED, failure=AWAY)
    move(place, jobs[4], JobState.READY)
    for job in jobs[3:5]:
        for name in TASKS:
            place.catalogue.task(job.media_id, job.version, name, TaskState.DONE, at=NOW)
    place.catalogue.task(jobs[5].media_id, jobs[5].version, "audio", TaskState.RUNNING, at=NOW)
    assert place.figures.census() == Census(
        jobs={JobState.QUEUED: 4, JobState.PROCESSING: 1, JobState.QUARANTINED: 1, JobState.READY: 1},
        queues={Origin.LIVE: Queue(3, after(0)), Origin.IMPORT: Queue(1, after(-100))},
        quarantined={"STORE_UNAVAILABLE": 1},
        tasks={
            ("source", TaskState.WAITING): 5,
            ("transcodes", TaskState.WAITING): 9,
            ("transcodes", TaskState.RUNNING): 1,
        },
    )


def test_folding_changes_no_number(place: Place) -> None:
    for number in range(30):
        register(place, f"{number}.mp4", size=number, origin=list(Origin)[number % 2])
    before = place.figures.tallies()
    assert place.figures.fold(most=10) == 8
    assert place.figures.tallies() == before
    assert place.figures.fold(most=ALL) == 20
    assert place.figures.fold(most=ALL) == 0
    assert place.figures.tallies() == before


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.slow
def test_no_number_ever_falls_and_sql_counts_as_the_fake_does(place: Place, seed: int) -> None:
    """Whatever is done, in whatever order: registered, moved, tried, redone, erased, folded."""
    model = MemoryCatalogue()
    both = place, Place(model, MemoryFigures(model))
    seen: dict[tuple[Measure, str, str, int], tuple[int, int]] = {}
    for step in _steps(random.Random(seed)):
        for each in both:
            with suppress(MediaError):
                step(each)
        told = place.figures.tallies()
        now = {t.kind: (t.count, t.total) for t in told}
        assert all(now[kind] >= sums and now[kind][1] >= sums[1] for kind, sums in seen.items())
        assert told == both[1].figures.tallies()
        seen = now
    assert len(seen) > 15


def _steps(numbers: random.Random) -> Iterable[Callable[[Place], object]]:
    clock = NOW
    for _ in range(120):
        clock += timedelta(seconds=numbers.uniform(0, 400))
        yield _step(numbers, clock)


def _step(numbers: random.Random, at: datetime) -> Callable[[Place], object]:
    key = f"{numbers.randrange(4)}.mp4"
    media = received(StoredObject("uploads", key, "e0", 1, NOW)).media_id
    etag, origin, size = f"e{numbers.randrange(3)}", numbers.choice(list(Origin)), numbers.randrange(10**6)
    state, stage = numbers.choice(list(JobState)), numbers.choice(["source", "transcodes", "subtitles"])
    failure = numbers.choice([None, DAMAGED, AWAY])
    work = Work(numbers.choice([0.0, 60.0]), numbers.randrange(2) * 1000) if failure is None else None

    def version(place: Place) -> tuple[str, str]:
        return media, place.catalogue.job(media).version

    def restart(place: Place) -> object:
        return place.catalogue.restart(
            *version(place), run_id="run", profile="web", tasks=TASKS, fresh=size % 2 == 0, at=at
        )

    return numbers.choices(
        [
            lambda place: register(place, key, etag=etag, size=size, origin=origin, at=at),
            lambda place: place.catalogue.move(*version(place), state, failure=failure, at=at),
            lambda place: place.catalogue.begin(*version(place), stage, run_id="run", at=at),
            lambda place: place.catalogue.end(*version(place), stage, failure=failure, work=work, at=at),
            restart,
            lambda place: place.catalogue.erase(Receipt(media, at, 1, 1, 1, 0, source_deleted=False)),
            lambda place: place.figures.fold(most=20),
        ],
        weights=[4, 6, 4, 4, 2, 0.3, 1],
    )[0]
