"""What shows no sign of life is stopped, and taken up again as long as that can help."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from media_pipeline.application.watch import watch
from media_pipeline.domain.attempt import BUDGET
from media_pipeline.domain.job import Job, JobState, TaskState
from media_pipeline.domain.run import RETRY_PROMISE, Run, RunState, silent
from media_pipeline.domain.upload import received
from media_pipeline.infrastructure.results import JsonResults
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryEngine, MemoryHistory, MemoryStore

UPLOAD = received(a.stored())
PATIENCE = timedelta(minutes=30)
TASKS = ("source", "stream", "publication")


class World:
    """A job whose run is at work on `stream`, and a clock."""

    def __init__(self) -> None:
        self.time = a.NOW
        self.catalogue, self.history = MemoryCatalogue(), MemoryHistory()
        self.engine = MemoryEngine(self.history, lambda: self.time)
        self.results = JsonResults(MemoryStore(), "media")
        self.results.save(UPLOAD, "source", a.source())
        self.catalogue.register(UPLOAD, title="", tenant="default", profile="default", tasks=TASKS, at=a.NOW)
        run = Run("run-1", "run-1", UPLOAD.version, RunState.UNDERWAY, False, a.NOW, a.NOW)
        self.history.told[UPLOAD.media_id] = [run]
        self.catalogue.restart(*self.of, run_id="run-1", profile="default", tasks=TASKS, at=a.NOW)
        self.catalogue.task(*self.of, "source", TaskState.DONE, at=a.NOW)
        self.begin("run-1")

    of = UPLOAD.media_id, UPLOAD.version

    @property
    def job(self) -> Job:
        return self.catalogue.job(UPLOAD.media_id)

    @property
    def runs(self) -> list[Run]:
        return self.history.told[UPLOAD.media_id]

    def begin(self, run_id: str) -> None:
        """The run gets to `stream`."""
        self.runs[-1] = replace(self.runs[-1], state=RunState.UNDERWAY, updated_at=self.time)
        self.catalogue.begin(*self.of, "stream", run_id=run_id, at=self.time)
        self.catalogue.task(*self.of, "stream", TaskState.RUNNING, at=self.time)

    def watch(self) -> str | None:
        return watch(
            self.job, catalogue=self.catalogue, history=self.history, engine=self.engine, results=self.results,
            tags={}, patience=PATIENCE, now=self.time,
        )  # fmt: skip


def later(minutes: float) -> datetime:
    return a.NOW + timedelta(minutes=minutes)


def test_a_run_that_tells_of_progress_is_left_alone() -> None:
    world = World()
    world.time = later(120)
    world.catalogue.progress(*world.of, ["stream"], 0.5, seconds=100 * 60)
    assert world.watch() is None
    assert world.runs[0].state is RunState.UNDERWAY


def test_a_run_without_a_word_is_stopped_and_what_is_missing_is_asked_for_within_its_budget() -> None:
    world = World()
    world.time = later(31)
    said = world.watch()
    assert said == f"taken up again by run {world.job.run_id}"
    assert [r.state for r in world.runs] == [RunState.STOPPED, RunState.QUEUED]
    assert world.engine.asked == [(UPLOAD.media_id, frozenset({"stream", "publication"}), {})]
    assert world.job.task("stream").state is TaskState.WAITING
    assert world.job.task("source").state is TaskState.DONE
    (attempt,) = world.catalogue.attempts(*world.of)
    assert attempt.counted
    assert world.watch() is None  # the new one waits for its turn


def test_a_run_that_waits_between_tasks_is_given_more_time() -> None:
    world = World()
    world.catalogue.task(*world.of, "stream", TaskState.WAITING, at=a.NOW)
    job = world.job
    assert silent(job, world.runs, patience=PATIENCE, now=later(60)) is None
    assert silent(job, world.runs, patience=PATIENCE, now=later(121)) == world.runs[0]


@pytest.mark.parametrize("state", sorted(set(RunState) - {RunState.MADE, RunState.UNDERWAY}))
def test_what_waits_in_the_queue_or_is_over_is_not_silent(state: RunState) -> None:
    world = World()
    assert silent(world.job, [replace(world.runs[0], state=state)], patience=PATIENCE, now=later(999)) is None


def test_a_run_whose_worker_was_lost_and_that_the_engine_gave_up_is_taken_up_again() -> None:
    world = World()
    world.runs[-1] = replace(world.runs[-1], state=RunState.LOST)
    assert world.watch() == f"taken up again by run {world.job.run_id}"
    assert world.engine.asked == [(UPLOAD.media_id, frozenset({"stream", "publication"}), {})]


def test_a_retry_that_the_engine_promised_and_forgot_is_made_good() -> None:
    world = World()
    world.runs[-1] = replace(world.runs[-1], state=RunState.FAILED, retried=True)
    world.time = a.NOW + RETRY_PROMISE - timedelta(seconds=1)
    assert world.watch() is None
    world.time = a.NOW + RETRY_PROMISE
    assert world.watch() == f"taken up again by run {world.job.run_id}"
    assert len(world.engine.asked) == 1


def test_a_retry_that_came_is_nothing_to_make_good() -> None:
    world = World()
    first = replace(world.runs[-1], state=RunState.FAILED, retried=True)
    over = Run("run-2", "run-1", UPLOAD.version, RunState.FAILED, False, later(1), later(1))
    world.history.told[UPLOAD.media_id] = [first, over]
    world.time = later(9)
    assert world.watch() is None
    assert world.engine.asked == []


def test_a_run_that_hangs_for_ever_is_not_asked_for_for_ever() -> None:
    world = World()
    for number in range(10):
        world.time = later(200 * (number + 1))
        world.watch()
        if world.runs[-1].state is RunState.QUEUED:  # it starts, and hangs before any task
            world.runs[-1] = replace(world.runs[-1], state=RunState.UNDERWAY, updated_at=world.time)
    assert len(world.engine.asked) == BUDGET
    assert world.runs[-1].state is RunState.STOPPED


def test_a_replaced_version_is_stopped_and_not_asked_for() -> None:
    world = World()
    old = world.job
    world.catalogue.register(
        a.upload(etag="e2"), title="", tenant="default", profile="default", tasks=TASKS, at=later(1)
    )
    world.time = later(31)
    said = watch(
        old, catalogue=world.catalogue, history=world.history, engine=world.engine, results=world.results, tags={},
        patience=PATIENCE, now=world.time,
    )  # fmt: skip
    assert said == "run run-1 is told to stop"
    assert world.engine.asked == []
    assert world.job.state is JobState.QUEUED


def test_a_run_that_never_got_into_the_queue_is_stopped_and_another_takes_its_place() -> None:
    world = World()
    world.runs[0] = replace(world.runs[0], state=RunState.MADE)
    world.time = later(31)
    assert str(world.watch()).startswith("taken up again")
    assert [r.state for r in world.runs] == [RunState.STOPPED, RunState.QUEUED]


def test_beside_a_run_that_goes_on_a_stopped_one_is_not_replaced_and_the_one_that_hangs_is_the_one_stopped() -> None:
    world = World()
    unwanted = Run("run-2", "run-2", UPLOAD.version, RunState.STOPPED, False, later(1), later(1))
    world.runs.append(unwanted)  # of two who asked at once, the one who lost
    world.time = later(2)
    assert world.watch() is None
    assert world.engine.asked == []
    world.time = later(35)
    assert world.watch() is not None
    assert [r.state for r in world.runs] == [RunState.STOPPED, RunState.STOPPED, RunState.QUEUED]
