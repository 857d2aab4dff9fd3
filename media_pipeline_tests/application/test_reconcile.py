"""Two stores that agree: whatever write a crash comes before, the catalogue is brought to what the engine remembers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.publish import publish, published
from media_pipeline.application.reconcile import reconcile
from media_pipeline.application.register import register, tasks
from media_pipeline.application.task import tracked
from media_pipeline.domain.attempt import BUDGET
from media_pipeline.domain.errors import QuarantineCode
from media_pipeline.domain.job import LAST, Job, JobState, TaskState
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.profile import fingerprint
from media_pipeline.domain.results import NotMade, Result
from media_pipeline.domain.run import RETRY_GRACE, RETRY_PROMISE, Run, RunState, ending
from media_pipeline.domain.upload import Upload, received
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.results import JsonResults, ManifestJson
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryHistory, MemoryStore

RECIPES = recipes.load(recipes.PACKAGED)
PROFILE = RECIPES.profiles["fast"]
UPLOAD = received(a.stored())
CLOSED = {TaskState.DONE, TaskState.SKIPPED, TaskState.FAILED}


class Killed(BaseException):
    """The worker is no more. Nothing catches it, and nothing is written after it."""


class Mortal:
    """Passes everything on until so many writes were made."""

    def __init__(self, lives: float) -> None:
        self.lives = lives
        self.writes = 0

    def __call__(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def written(*args: Any, **kwargs: Any) -> Any:
            if self.writes >= self.lives:
                raise Killed
            self.writes += 1
            return write(*args, **kwargs)

        return written


class World:
    """Both stores, the objects, and a worker that may be killed before any of its writes."""

    def __init__(self, lives: float = float("inf")) -> None:
        self.catalogue, self.history, self.store = MemoryCatalogue(), MemoryHistory(), MemoryStore()
        self.mortal = Mortal(lives)
        register(a.stored(), profile=PROFILE, catalogue=self.catalogue, now=a.NOW)

    def now(self) -> datetime:
        return a.NOW + timedelta(hours=1)

    @property
    def job(self) -> Job:
        return self.catalogue.job(UPLOAD.media_id)

    @property
    def manifest(self) -> Manifest | None:
        return published(UPLOAD.media_id, shelf=Shelf(self.store, "media"), codec=ManifestJson())

    def publish(self, upload: Upload, complete: bool) -> object:
        return publish(
            upload, recipes=RECIPES, results=JsonResults(self.store, "media"), shelf=Shelf(self.store, "media"),
            catalogue=self.catalogue, codec=ManifestJson(), now=self.now, complete=complete,
        )  # fmt: skip

    def work(self, run_id: str = "run-1") -> None:
        """A run from its first write to its last."""
        self.history.told[UPLOAD.media_id] = [run(run_id, RunState.UNDERWAY)]
        made = self.history.assets.setdefault(run_id, set())
        try:
            self._work(run_id, self.mortal(made.add))
        except Killed:
            self.history.told[UPLOAD.media_id] = [run(run_id, RunState.FAILED)]
        else:
            self.history.told[UPLOAD.media_id] = [run(run_id, RunState.SUCCEEDED)]

    def _work(self, run_id: str, materialised: Callable[[str], None]) -> None:
        worker = self._worker()
        names = tasks(PROFILE)
        worker.catalogue.restart(
            UPLOAD.media_id, UPLOAD.version, run_id=run_id, profile=PROFILE.name, tasks=names, at=a.NOW
        )
        for name in names:
            with tracked(
                UPLOAD, [name], run_id=run_id, catalogue=worker.catalogue,
                take_back=Shelf(worker.store, "media").withdraw, now=self.now,
            ) as report:  # fmt: skip
                if name == LAST:
                    worker.publish(UPLOAD, True)
                    report.done(LAST, fingerprint(LAST))
                else:
                    value = result(name)
                    JsonResults(worker.store, "media").save(UPLOAD, name, value)
                    report.answer(name, value)
                    worker.publish(UPLOAD, False)
            materialised(name)

    def _worker(self) -> "World":
        worker = object.__new__(World)
        worker.catalogue, worker.store = MemoryCatalogue(), MemoryStore()
        worker.catalogue.__dict__.update(self.catalogue.__dict__)
        worker.store.__dict__.update(self.store.__dict__)
        for name in ("restart", "begin", "end", "move", "task", "published", "progress"):
            setattr(worker.catalogue, name, self.mortal(getattr(self.catalogue, name)))
        worker.store.write = self.mortal(self.store.write)  # type: ignore[method-assign]
        return worker

    def reconcile(self, job: Job | None = None) -> Job:
        return reconcile(
            job or self.job, self.history.runs({UPLOAD.media_id}).get(UPLOAD.media_id, ()), catalogue=self.catalogue,
            history=self.history, results=JsonResults(self.store, "media"), publish=self.publish, now=self.now,
        )  # fmt: skip


def run(run_id: str, state: RunState, *, minute: int = 1, **changes: Any) -> Run:
    at = a.NOW + timedelta(minutes=minute)
    return replace(Run(run_id, run_id, UPLOAD.version, state, False, at, at), **changes)


def result(name: str) -> Result | NotMade:
    if name.startswith("transcodes/"):
        return a.rendition(name.removeprefix("transcodes/"))
    made: dict[str, Result | NotMade] = {
        "source": a.source(UPLOAD, PROFILE.name), "audio": a.tracks(), "stream": a.stream(),
        "thumbnails": a.thumbnails(), "subtitles": NotMade("nobody speaks"), "ai_tags": a.tags(),
    }  # fmt: skip
    return made[name]


def writes_of_a_whole_run() -> int:
    world = World()
    world.work()
    assert world.job.state is JobState.READY
    return world.mortal.writes


@pytest.mark.parametrize("lives", range(writes_of_a_whole_run() + 1))
def test_after_a_kill_before_any_write_both_stores_agree(lives: int) -> None:
    world = World(lives)
    world.work()
    died_ready = world.job.state is JobState.READY
    job = world.reconcile()
    made = world.history.assets["run-1"]
    assert {t.state for t in job.tasks} <= CLOSED
    assert {t.name for t in job.tasks if t.name in made} <= {
        t.name for t in job.tasks if t.state is not TaskState.FAILED
    }
    assert (job.state is JobState.READY) == (LAST in made or died_ready)
    assert (job.state is JobState.QUARANTINED) == (world.manifest is None)
    assert job.revision == (world.manifest.revision if world.manifest else 0)
    assert world.catalogue.unsettled(limit=10) == []
    assert world.reconcile() == job  # nothing more to repair


@pytest.mark.parametrize("lives", range(0, writes_of_a_whole_run(), 3))
def test_a_run_after_the_repair_makes_the_media_whole(lives: int) -> None:
    world = World(lives)
    world.work()
    world.reconcile()
    world.mortal.lives = float("inf")
    world.work("run-2")
    job = world.job
    assert world.reconcile() == job
    assert job.state is JobState.READY
    assert world.manifest is not None
    assert job.revision == world.manifest.revision


def test_a_catalogue_that_lost_everything_since_the_upload_is_told_what_the_runs_made() -> None:
    world = World()
    world.work()
    whole = world.job
    world.catalogue = MemoryCatalogue()  # as from a backup
    register(a.stored(), profile=PROFILE, catalogue=world.catalogue, now=a.NOW)
    job = world.reconcile()
    assert (job.state, job.revision) == (whole.state, whole.revision) == (JobState.READY, job.revision)
    told = [(t.name, t.state, t.reason, t.fingerprint) for t in job.tasks]
    assert told == [(t.name, t.state, t.reason, t.fingerprint) for t in whole.tasks]


def test_what_a_person_ended_is_cancelled() -> None:
    world = World(5)
    world.work()
    world.history.told[UPLOAD.media_id] = [run("run-1", RunState.CANCELLED)]
    job = world.reconcile()
    assert job.state is JobState.CANCELLED
    assert {t.state for t in job.tasks} <= {TaskState.DONE, TaskState.SKIPPED}


def test_a_job_that_a_new_run_has_taken_up_meanwhile_is_left_alone() -> None:
    world = World(5)
    world.work()
    seen = world.job
    world.catalogue.restart(
        UPLOAD.media_id, UPLOAD.version, run_id="run-2", profile="fast", tasks=tasks(PROFILE), at=world.now()
    )
    taken = world.job
    assert world.reconcile(seen) == world.job == taken


def test_a_version_that_a_newer_one_replaced_is_settled_and_not_published() -> None:
    world = World(25)
    world.work()
    before = world.job
    manifest = world.manifest
    register(a.stored(etag="e2"), profile=PROFILE, catalogue=world.catalogue, now=world.now())
    job = world.reconcile(before)
    assert {t.state for t in job.tasks} <= CLOSED
    assert world.manifest == manifest
    assert world.job.state is JobState.QUEUED


BEGUN = replace(World().job, state=JobState.PROCESSING, run_id="run-1")
QUEUED = replace(World().job, state=JobState.QUEUED, run_id=None)
LATE = a.NOW + timedelta(days=1)
SOON = a.NOW + timedelta(minutes=2)
OVER = run("run-1", RunState.FAILED)
LOST = run("run-1", RunState.LOST)


@pytest.mark.parametrize(
    ("job", "runs", "now", "over"),
    [
        (BEGUN, [], LATE, True),  # its run was deleted from the history
        (BEGUN, [OVER], SOON, True),
        (BEGUN, [run("run-1", RunState.SUCCEEDED)], SOON, True),
        (BEGUN, [run("run-1", RunState.UNDERWAY)], LATE, False),
        (BEGUN, [OVER, run("run-2", RunState.UNDERWAY, minute=2)], LATE, False),
        (BEGUN, [OVER, run("run-2", RunState.UNDERWAY, minute=2, version=None)], LATE, False),
        (BEGUN, [OVER, run("run-2", RunState.UNDERWAY, minute=2, version="another")], LATE, True),
        (BEGUN, [replace(OVER, retried=True)], SOON, False),
        (BEGUN, [replace(OVER, retried=True)], OVER.updated_at + RETRY_PROMISE, False),  # the retry never came
        (QUEUED, [replace(OVER, retried=True)], OVER.updated_at + RETRY_PROMISE, False),
        (BEGUN, [replace(OVER, retried=True)], OVER.updated_at + RETRY_GRACE, True),  # nor did ours
        (BEGUN, [replace(OVER, retried=True), run("run-2", RunState.FAILED, minute=2)], SOON, True),
        (BEGUN, [LOST], SOON, False),
        (BEGUN, [LOST], LOST.updated_at + RETRY_GRACE, True),  # no other took its place
        (BEGUN, [LOST] * (BUDGET + 1), SOON, True),
        (QUEUED, [LOST], SOON, False),
        (QUEUED, [], LATE, False),
        (QUEUED, [run("run-1", RunState.UNDERWAY)], LATE, False),
        (QUEUED, [OVER], SOON, True),  # it died before its first step
        (replace(QUEUED, run_id="run-1"), [OVER], LATE, False),  # it was put back into the queue
    ],
)  # fmt: skip
def test_a_job_is_over_when_no_run_of_its_version_goes_on(job: Job, runs: list[Run], now: datetime, over: bool) -> None:
    assert (ending(job, runs, now=now) is not None) is over


@pytest.mark.parametrize(
    ("of", "counted"),
    [
        ("run-3", ("run-1", "run-3")),
        ("run-2", ("run-2", "run-3")),
        (None, ("run-1", "run-2", "run-3")),  # the catalogue was put back to a time before them
    ],
)
def test_what_runs_made_counts_since_the_jobs_tasks_began_anew(of: str | None, counted: tuple[str, ...]) -> None:
    runs = [
        run("run-3", RunState.FAILED, minute=3, root="run-1"),
        run("run-2", RunState.SUCCEEDED, minute=2),
        run("run-1", RunState.FAILED),
    ]
    end = ending(replace(BEGUN, run_id=of), runs, now=LATE)
    assert end is not None
    assert (end.run_ids, end.cancelled, end.code) == (counted, False, QuarantineCode.INTERNAL)
