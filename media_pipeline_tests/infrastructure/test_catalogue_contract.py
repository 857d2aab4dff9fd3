"""What every Catalogue promises: the fake, and SQL on a SQLite file and on a Postgres server."""

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.domain.attempt import LOST, Attempt
from media_pipeline.domain.errors import Conflict, Missing, QuarantineCode, RejectionCode
from media_pipeline.domain.job import (
    ALLOWED,
    ERASED,
    LIVE,
    SOURCE_DELETED,
    SUPERSEDED,
    Failure,
    Job,
    JobState,
    Origin,
    Task,
    TaskState,
)
from media_pipeline.domain.receipt import Receipt
from media_pipeline.domain.search import Filter, query
from media_pipeline.domain.upload import StoredObject, Upload, received
from media_pipeline.infrastructure.catalogue import SqlCatalogue
from media_pipeline.infrastructure.connections import Connections
from media_pipeline.infrastructure.database import upgrade
from media_pipeline_tests.fakes import MemoryCatalogue
from media_pipeline_tests.postgres import Postgres, empty

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
LAST = NOW + timedelta(minutes=2)
TASKS = ("source", "transcodes", "audio")
FAILURE = Failure(RejectionCode.TRUNCATED, "The file ends too early.")
ODD_TEXT = [
    "a/b c.mp4",
    "über/日本語/🎬\u202e.mov",
    "new\nline",
    "100% of %41",
    "nul\0",
    "no utf-8 \udce9\udcff",
    "half a pair \ud83d",
    "%udc80 and %C3%A9",
    "x" * 1000,
    "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(1365)),  # 4 kB that no index can compress
    "'; --",
]

# By which way a new job gets to each state.
PATHS: dict[JobState, tuple[JobState, ...]] = {
    JobState.QUEUED: (),
    JobState.PROCESSING: (JobState.PROCESSING,),
    JobState.PLAYABLE: (JobState.PROCESSING, JobState.PLAYABLE),
    JobState.READY: (JobState.PROCESSING, JobState.READY),
    JobState.REJECTED: (JobState.REJECTED,),
    JobState.QUARANTINED: (JobState.QUARANTINED,),
    JobState.CANCELLED: (JobState.CANCELLED,),
    JobState.REMOVED: (JobState.REMOVED,),
}


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    """An empty one."""
    if request.param == "memory":
        return MemoryCatalogue()
    found: SqlCatalogue = request.getfixturevalue(f"on_{request.param}")
    empty(found._connections)
    return found


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> SqlCatalogue:
    url = f"sqlite:///{tmp_path_factory.mktemp('catalogue')}/catalogue.sqlite"
    upgrade(url)
    return SqlCatalogue(Connections(url))


@pytest.fixture(scope="module")
def on_postgres(postgres: Postgres) -> SqlCatalogue:
    return SqlCatalogue(Connections(postgres.empty_catalogue()))


def upload(key: str = "clip.mp4", etag: str = "e1", bucket: str = "uploads") -> Upload:
    return received(StoredObject(bucket, key, etag, 5_000_000_000, NOW))


def register(catalogue: Catalogue, of: Upload | None = None, *, at: datetime = NOW, title: str = "Clip") -> Job:
    return catalogue.register(of or upload(), title=title, tenant="default", profile="web", tasks=TASKS, at=at)


def in_state(catalogue: Catalogue, state: JobState, of: Upload | None = None, *, at: datetime = NOW) -> Job:
    job = register(catalogue, of, at=at)
    for step in PATHS[state]:
        assert catalogue.move(job.media_id, job.version, step, at=at)
    return catalogue.job(job.media_id, job.version)


def restart(catalogue: Catalogue, job: Job, *tasks: str, at: datetime = LATER, run_id: str = "run-1") -> bool:
    return catalogue.restart(job.media_id, job.version, run_id=run_id, profile="web", tasks=tasks, at=at)


def test_a_registered_upload_is_a_queued_job(catalogue: Catalogue) -> None:
    job = register(catalogue)
    assert job == catalogue.job(job.media_id) == catalogue.job(job.media_id, job.version)
    assert job == Job(
        media_id=upload().media_id,
        version=upload().version,
        bucket="uploads",
        key="clip.mp4",
        etag="e1",
        size=5_000_000_000,
        title="Clip",
        tenant="default",
        profile="web",
        state=JobState.QUEUED,
        tasks=tuple(Task(name) for name in TASKS),
        failure=None,
        revision=0,
        received_at=NOW,
        started_at=None,
        playable_at=None,
        finished_at=None,
        run_id=None,
    )


def test_a_version_is_registered_once(catalogue: Catalogue) -> None:
    job = in_state(catalogue, JobState.PLAYABLE)
    assert register(catalogue, at=LATER, title="Other") == job


def test_of_many_who_register_a_version_all_get_the_same_job(catalogue: Catalogue) -> None:
    start, got = threading.Barrier(6), []

    def run(title: str) -> None:
        start.wait()
        got.append(register(catalogue, title=title))

    threads = [threading.Thread(target=run, args=(f"Title {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [catalogue.job(upload().media_id)] * 6


def test_a_new_version_becomes_the_current_one(catalogue: Catalogue) -> None:
    old = register(catalogue)
    new = register(catalogue, upload(etag="e2"), at=LATER, title="Second cut")
    assert catalogue.job(old.media_id) == new
    assert catalogue.job(old.media_id, old.version).etag == "e1"
    assert new.title == "Second cut"


def test_old_bytes_that_are_back_are_a_new_version_of_the_same_etag(catalogue: Catalogue) -> None:
    first = in_state(catalogue, JobState.READY)
    register(catalogue, upload(etag="e2"), at=LATER)
    back = register(catalogue, at=LAST)
    assert (back.etag, back.state, back.received_at) == (first.etag, JobState.QUEUED, LAST)
    assert back == catalogue.job(first.media_id) == register(catalogue, at=LAST)
    assert back.version not in {first.version, upload(etag="e2").version}
    assert catalogue.job(first.media_id, first.version).state is JobState.READY
    assert [j.etag for j in catalogue.versions(first.media_id)] == ["e1", "e2", "e1"]
    assert catalogue.versions("nobody") == []


def test_of_many_who_see_old_bytes_again_all_get_the_same_job(catalogue: Catalogue) -> None:
    register(catalogue)
    register(catalogue, upload(etag="e2"), at=LATER)
    start, got = threading.Barrier(6), []

    def run() -> None:
        start.wait()
        got.append(register(catalogue, at=LAST))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [catalogue.job(upload().media_id)] * 6
    assert len(catalogue.versions(upload().media_id)) == 3


@pytest.mark.parametrize("state", JobState)
def test_a_newer_version_ends_what_is_under_way_of_the_older(catalogue: Catalogue, state: JobState) -> None:
    old = in_state(catalogue, state)
    catalogue.task(old.media_id, old.version, TASKS[0], TaskState.DONE, at=NOW)
    catalogue.task(old.media_id, old.version, TASKS[1], TaskState.RUNNING, at=NOW)
    register(catalogue, upload(etag="e2"), at=LATER)
    after = catalogue.job(old.media_id, old.version)
    assert [t.state for t in after.tasks] == [TaskState.DONE, TaskState.SKIPPED, TaskState.SKIPPED]
    assert {t.reason for t in after.tasks} == {None, SUPERSEDED.message}
    if state in {JobState.QUEUED, JobState.PROCESSING, JobState.PLAYABLE}:
        assert (after.state, after.failure, after.finished_at) == (JobState.CANCELLED, SUPERSEDED, LATER)
    else:
        assert (after.state, after.failure) == (old.state, old.failure)


def test_a_playable_version_on_which_nobody_works_stays_playable(catalogue: Catalogue) -> None:
    old = in_state(catalogue, JobState.PLAYABLE)
    for name in TASKS:
        catalogue.task(old.media_id, old.version, name, TaskState.FAILED, at=NOW)
    register(catalogue, upload(etag="e2"), at=LATER)
    assert catalogue.job(old.media_id, old.version).state is JobState.PLAYABLE


@pytest.mark.parametrize(
    ("state", "failure"),
    [
        (JobState.REMOVED, SOURCE_DELETED),
        (JobState.REJECTED, Failure(RejectionCode.SOURCE_GONE, "The file is no longer there.")),
    ],
)
def test_a_file_that_had_gone_and_is_back_is_taken_up_again(
    catalogue: Catalogue, state: JobState, failure: Failure
) -> None:
    job = register(catalogue)
    catalogue.move(job.media_id, job.version, state, failure=failure, at=LATER)
    assert catalogue.known("uploads", {("clip.mp4", "e1")}) == set()
    back = register(catalogue, at=LAST)
    assert (back.state, back.version != job.version) == (JobState.QUEUED, True)
    assert catalogue.known("uploads", {("clip.mp4", "e1")}) == {("clip.mp4", "e1")}


def same_bytes(catalogue: Catalogue, of: Job) -> list[tuple[str, str]]:
    return [(j.key, j.etag) for j in catalogue.alike(of.media_id, of.version, limit=8)]


def test_the_same_bytes_are_found_within_a_tenant_in_other_media_and_in_older_versions(catalogue: Catalogue) -> None:
    jobs = [
        register(catalogue, upload(key, etag), at=NOW + timedelta(minutes=n))
        for n, (key, etag) in enumerate([("a", "e1"), ("a", "e2"), ("b", "e1"), ("c", "e1")])
    ]
    strange = catalogue.register(upload("d"), title="", tenant="other", profile="web", tasks=TASKS, at=LAST)
    for job in (*jobs, strange):
        catalogue.content(job.media_id, job.version, "aa")
    catalogue.content(jobs[1].media_id, jobs[1].version, "bb")
    assert same_bytes(catalogue, jobs[3]) == [("b", "e1"), ("a", "e1")]
    assert same_bytes(catalogue, jobs[1]) == same_bytes(catalogue, strange) == []
    assert [j.key for j in catalogue.alike(jobs[3].media_id, jobs[3].version, limit=1)] == ["b"]
    catalogue.move(jobs[2].media_id, jobs[2].version, JobState.REMOVED, at=LAST)
    assert same_bytes(catalogue, jobs[3]) == [("a", "e1")]


def test_content_that_was_not_noted_is_like_nobodys(catalogue: Catalogue) -> None:
    one, _ = register(catalogue, upload("a")), register(catalogue, upload("b"))
    assert same_bytes(catalogue, one) == []
    with pytest.raises(Missing):
        catalogue.content("nobody", "none", "aa")


def receipt(at: datetime = LAST) -> Receipt:
    return Receipt(upload().media_id, at, versions=2, objects=7, bytes=5_000_000_000, runs=1, source_deleted=False)


def test_what_was_erased_is_a_tombstone_that_knows_its_bytes_alone(catalogue: Catalogue) -> None:
    old = in_state(catalogue, JobState.READY)
    catalogue.task(old.media_id, old.version, TASKS[0], TaskState.FAILED, reason="said by a person", at=NOW)
    register(catalogue, upload(etag="e2"), at=LATER)
    assert catalogue.receipt(old.media_id) is None
    catalogue.describe(old.media_id, ["what was said"])
    catalogue.erase(receipt())
    assert found(catalogue, "said") == found(catalogue, "clip") == []
    for job in catalogue.versions(old.media_id):
        assert (job.state, job.failure, job.title, job.key, job.tenant, job.size, job.revision) == (
            JobState.REMOVED, ERASED, "", "", "", 0, 0
        )  # fmt: skip
        assert {t.reason for t in job.tasks} == {None}
    assert catalogue.receipt(old.media_id) == receipt()
    known = {("clip.mp4", "e1"), ("clip.mp4", "e2")}
    assert catalogue.known("uploads", known | {("clip.mp4", "e3")}) == known
    assert register(catalogue) == catalogue.job(old.media_id, old.version)


def test_other_bytes_after_an_erasure_are_a_new_upload_and_may_be_erased_too(catalogue: Catalogue) -> None:
    register(catalogue)
    catalogue.erase(receipt(LATER))
    new = register(catalogue, upload(etag="e3"), at=LAST, title="Anew")
    assert (new.state, new.key, new.title) == (JobState.QUEUED, "clip.mp4", "Anew")
    assert catalogue.job(new.media_id) == new
    assert catalogue.receipt(new.media_id) is None
    catalogue.move(new.media_id, new.version, JobState.REMOVED, failure=ERASED, at=LAST)  # an erasure that broke off
    assert catalogue.receipt(new.media_id) is None
    catalogue.erase(receipt())
    assert catalogue.receipt(new.media_id) == receipt()


def test_nobody_can_be_erased_who_is_not_there(catalogue: Catalogue) -> None:
    with pytest.raises(Missing):
        catalogue.erase(receipt())
    assert catalogue.receipt("nobody") is None


@pytest.mark.parametrize("text", ODD_TEXT)
def test_keys_and_titles_are_data(catalogue: Catalogue, text: str) -> None:
    job = register(catalogue, upload(text), title=text)
    assert (job.key, job.title) == (text, text)
    assert catalogue.job(job.media_id) == job
    assert catalogue.known("uploads", {(text, "e1")}) == {(text, "e1")}


def test_times_come_back_in_utc(catalogue: Catalogue) -> None:
    job = register(catalogue, at=NOW.astimezone(timezone(timedelta(hours=5, minutes=30))))
    west = timezone(-timedelta(hours=8))
    restart(catalogue, job, "source", at=LATER.astimezone(west))
    task = catalogue.task(job.media_id, job.version, "source", TaskState.RUNNING, at=LATER.astimezone(west))
    catalogue.move(job.media_id, job.version, JobState.READY, at=LAST.astimezone(west))
    job = catalogue.job(job.media_id)
    assert (job.received_at, job.started_at, job.playable_at, job.finished_at) == (NOW, LATER, LAST, LAST)
    assert job.task("source").started_at == task.started_at == LATER
    assert {t.tzinfo for t in (job.received_at, job.started_at, job.playable_at, task.started_at) if t} == {UTC}


def test_a_time_without_a_zone_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(Exception, match="a time without a zone"):
        register(catalogue, at=datetime(2026, 1, 1))


def test_only_what_is_registered_is_known(catalogue: Catalogue) -> None:
    register(catalogue, upload("a", "e1"))
    register(catalogue, upload("a", "e2"))
    register(catalogue, upload("b", "e1"))
    register(catalogue, upload("c", "e1", bucket="other"))
    asked = {("a", "e1"), ("a", "e2"), ("a", "e3"), ("b", "e2"), ("c", "e1")}
    assert catalogue.known("uploads", asked) == {("a", "e2")}  # e1 would be back
    assert catalogue.known("uploads", []) == set()


def test_any_number_of_versions_may_be_asked_for(catalogue: Catalogue) -> None:
    register(catalogue, upload("key-4321"))
    assert catalogue.known("uploads", [(f"key-{n}", "e1") for n in range(5000)]) == {("key-4321", "e1")}


def test_a_missing_job_is_missing(catalogue: Catalogue) -> None:
    job = register(catalogue)
    for media_id, version in (("nobody", "nothing"), (job.media_id, "nothing")):
        with pytest.raises(Missing):
            catalogue.job(media_id, version)
        with pytest.raises(Missing):
            catalogue.move(media_id, version, JobState.PROCESSING, at=NOW)
        with pytest.raises(Missing):
            catalogue.published(media_id, version, 1)
        with pytest.raises(Missing):
            catalogue.restart(media_id, version, run_id="r", profile="web", tasks=TASKS, at=NOW)
        with pytest.raises(Missing):
            catalogue.task(media_id, version, "source", TaskState.RUNNING, at=NOW)
    with pytest.raises(Missing):
        catalogue.job("nobody")


def test_jobs_are_the_current_ones_newest_first(catalogue: Catalogue) -> None:
    register(catalogue, upload("a", "e1"), at=NOW)
    for key, etag, at in (("b", "e1", LATER), ("a", "e2", LAST)):
        register(catalogue, upload(key, etag), at=at)
    assert [(j.key, j.etag) for j in catalogue.jobs()] == [("a", "e2"), ("b", "e1")]
    assert [j.key for j in catalogue.jobs(limit=1)] == ["a"]


def test_jobs_are_paged_without_gaps_or_repeats(catalogue: Catalogue) -> None:
    """Also when many came at the same time, and others come between two pages."""
    for number in range(7):
        in_state(catalogue, JobState.PROCESSING, upload(f"{number}"), at=NOW if number % 2 else LATER)
    whole = [j.media_id for j in catalogue.jobs()]
    seen: list[str] = []
    place = None
    while page := catalogue.jobs(Filter(state=JobState.PROCESSING), after=place, limit=3):
        assert len(page) <= 3
        seen += [j.media_id for j in page]
        place = page[-1].place
        in_state(catalogue, JobState.PROCESSING, upload(f"newer {len(seen)}"), at=LAST)
    assert seen == whole
    assert catalogue.jobs(Filter(state=JobState.QUEUED), after=(LAST, "")) == []


def test_jobs_come_with_their_own_tasks_in_order(catalogue: Catalogue) -> None:
    for key in ("a", "b"):
        register(catalogue, upload(key))
    job = register(catalogue, upload("b", "e2"), at=LATER)
    catalogue.task(job.media_id, job.version, "audio", TaskState.DONE, at=LATER)
    assert catalogue.jobs() == [catalogue.job(upload(key).media_id) for key in ("b", "a")]
    assert [t.state for t in catalogue.jobs()[0].tasks] == [TaskState.WAITING, TaskState.WAITING, TaskState.DONE]


@pytest.mark.parametrize("state", JobState)
def test_jobs_are_found_by_state(catalogue: Catalogue, state: JobState) -> None:
    for each in JobState:
        in_state(catalogue, each, upload(each.value))
    assert [j.key for j in catalogue.jobs(Filter(state=state))] == [state.value]


@pytest.mark.parametrize("of", JobState)
@pytest.mark.parametrize("to", JobState)
def test_a_job_moves_only_as_allowed(catalogue: Catalogue, of: JobState, to: JobState) -> None:
    job = in_state(catalogue, of)
    assert catalogue.move(job.media_id, job.version, to, at=LATER) is (of in ALLOWED[to])
    after = catalogue.job(job.media_id)
    assert after.state is (to if of in ALLOWED[to] else of)
    assert of in ALLOWED[to] or after == job


def test_of_many_who_move_a_job_one_succeeds(catalogue: Catalogue) -> None:
    job = register(catalogue)
    start, moved = threading.Barrier(6), []

    def run(to: JobState) -> None:
        start.wait()
        moved.append(catalogue.move(job.media_id, job.version, to, at=LATER))

    threads = [threading.Thread(target=run, args=(JobState.REJECTED,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(moved) == [False] * 5 + [True]


@pytest.mark.parametrize("code", [RejectionCode.TRUNCATED, QuarantineCode.DISK_FULL])
def test_a_failure_is_told_until_the_job_moves_on(catalogue: Catalogue, code: RejectionCode | QuarantineCode) -> None:
    job = register(catalogue)
    failure = Failure(code, "One sentence.")
    catalogue.move(job.media_id, job.version, JobState.QUARANTINED, failure=failure, at=LATER)
    assert catalogue.job(job.media_id).failure == failure
    catalogue.move(job.media_id, job.version, JobState.QUEUED, at=LAST)
    assert catalogue.job(job.media_id).failure is None


def times(job: Job) -> tuple[datetime | None, datetime | None, datetime | None]:
    return job.started_at, job.playable_at, job.finished_at


def test_moving_stamps_the_times(catalogue: Catalogue) -> None:
    job = register(catalogue)

    def moved(to: JobState, minutes: int) -> tuple[datetime | None, datetime | None, datetime | None]:
        assert catalogue.move(job.media_id, job.version, to, at=NOW + timedelta(minutes=minutes))
        return times(catalogue.job(job.media_id))

    assert moved(JobState.PROCESSING, 1) == (LATER, None, None)
    assert moved(JobState.PLAYABLE, 2) == (LATER, LAST, None)
    assert moved(JobState.READY, 3) == (LATER, LAST, NOW + timedelta(minutes=3))
    assert moved(JobState.PLAYABLE, 4) == (LATER, LAST, None)
    assert moved(JobState.QUEUED, 5) == (None, None, None)
    assert moved(JobState.REJECTED, 6) == (None, None, NOW + timedelta(minutes=6))


def test_a_revision_never_falls(catalogue: Catalogue) -> None:
    job = register(catalogue)
    for revision, expected in ((1, 1), (3, 3), (2, 3), (3, 3)):
        catalogue.published(job.media_id, job.version, revision)
        assert catalogue.job(job.media_id).revision == expected


def test_a_task_is_written_whole(catalogue: Catalogue) -> None:
    job = register(catalogue)
    running = catalogue.task(job.media_id, job.version, "audio", TaskState.RUNNING, progress=0.5, seconds=2.5, at=NOW)
    assert running == Task("audio", TaskState.RUNNING, 0.5, 2.5, None, None, NOW)
    failed = catalogue.task(
        job.media_id, job.version, "audio", TaskState.FAILED, reason="No.", fingerprint="f1", at=LATER
    )
    assert failed == Task("audio", TaskState.FAILED, 0.0, None, "No.", "f1", NOW)
    assert catalogue.job(job.media_id).tasks == (Task("source"), Task("transcodes"), failed)


def test_a_task_started_when_it_first_ran(catalogue: Catalogue) -> None:
    job = register(catalogue)

    def started(state: TaskState, at: datetime) -> datetime | None:
        return catalogue.task(job.media_id, job.version, "audio", state, at=at).started_at

    assert started(TaskState.SKIPPED, NOW) is None
    assert started(TaskState.RUNNING, NOW) == NOW
    assert started(TaskState.RUNNING, LATER) == NOW
    assert started(TaskState.FAILED, LATER) == NOW
    assert started(TaskState.RUNNING, LAST) == LAST
    assert started(TaskState.WAITING, LAST) is None


def test_a_task_the_job_does_not_have_is_missing(catalogue: Catalogue) -> None:
    job = register(catalogue)
    with pytest.raises(Missing):
        catalogue.task(job.media_id, job.version, "tags", TaskState.RUNNING, at=NOW)


def test_the_progress_of_many_tasks_is_one_write_that_tells_how_the_job_stands(catalogue: Catalogue) -> None:
    job = register(catalogue)
    for name in ("source", "audio"):
        catalogue.task(job.media_id, job.version, name, TaskState.RUNNING, at=NOW)
    catalogue.task(job.media_id, job.version, "audio", TaskState.DONE, progress=1.0, seconds=2.0, at=NOW)
    assert catalogue.progress(job.media_id, job.version, TASKS, 0.25, seconds=3.5) is JobState.QUEUED
    found = catalogue.job(job.media_id, job.version)
    assert [(t.progress, t.seconds) for t in found.tasks] == [(0.25, 3.5), (0.0, None), (1.0, 2.0)]
    assert found.task("source").started_at == NOW


def test_there_is_no_progress_of_a_missing_job(catalogue: Catalogue) -> None:
    with pytest.raises(Missing):
        catalogue.progress("nobody", "v1", TASKS, 0.5, seconds=1.0)


def test_a_task_belongs_to_one_version(catalogue: Catalogue) -> None:
    old, new = register(catalogue), register(catalogue, upload(etag="e2"))
    catalogue.task(old.media_id, old.version, "audio", TaskState.DONE, at=NOW)
    assert catalogue.job(new.media_id).task("audio") == Task("audio")


RESTARTED = [JobState.QUEUED, JobState.PROCESSING, JobState.REJECTED, JobState.QUARANTINED, JobState.CANCELLED]


@pytest.mark.parametrize("state", RESTARTED)
def test_a_restarted_job_is_processing(catalogue: Catalogue, state: JobState) -> None:
    before = in_state(catalogue, state)
    assert restart(catalogue, before, *TASKS)
    job = catalogue.job(before.media_id)
    assert (job.state, job.run_id) == (JobState.PROCESSING, "run-1")
    assert times(job) == (before.started_at if state is JobState.PROCESSING else LATER, None, None)


@pytest.mark.parametrize("state", [JobState.PLAYABLE, JobState.READY])
def test_a_job_that_can_be_watched_is_playable_when_restarted(catalogue: Catalogue, state: JobState) -> None:
    before = in_state(catalogue, state)
    assert restart(catalogue, before, "audio")
    job = catalogue.job(before.media_id)
    assert (job.state, job.run_id) == (JobState.PLAYABLE, "run-1")
    assert times(job) == (NOW, NOW, None)


def test_a_removed_job_may_not_be_restarted(catalogue: Catalogue) -> None:
    before = in_state(catalogue, JobState.REMOVED)
    assert not restart(catalogue, before, *TASKS)
    assert catalogue.job(before.media_id) == before


def test_a_restart_forgets_the_failure_and_takes_the_runs_profile(catalogue: Catalogue) -> None:
    job = register(catalogue)
    catalogue.move(job.media_id, job.version, JobState.REJECTED, failure=FAILURE, at=NOW)
    catalogue.restart(job.media_id, job.version, run_id="run-2", profile="archive", tasks=TASKS, at=LATER)
    job = catalogue.job(job.media_id)
    assert (job.failure, job.profile, job.run_id) == (None, "archive", "run-2")


def test_a_restart_resets_its_own_tasks_and_adds_those_the_job_lacks(catalogue: Catalogue) -> None:
    job = register(catalogue)
    for name in TASKS:
        catalogue.task(
            job.media_id, job.version, name, TaskState.FAILED, progress=0.5, reason="No.", fingerprint="f", at=NOW
        )
    restart(catalogue, job, "tags", "audio", "thumbnails")
    tasks = catalogue.job(job.media_id).tasks
    assert [t.name for t in tasks] == [*TASKS, "tags", "thumbnails"]
    assert [t.state is TaskState.WAITING for t in tasks] == [False, False, True, True, True]
    assert tasks[2:] == (Task("audio"), Task("tags"), Task("thumbnails"))


def test_under_another_profile_a_job_has_that_ones_tasks_alone(catalogue: Catalogue) -> None:
    job = register(catalogue)
    catalogue.task(job.media_id, job.version, "audio", TaskState.FAILED, reason="No.", at=NOW)
    catalogue.restart(
        job.media_id, job.version, run_id="run-2", profile="archive", tasks=("source", "tags", "audio"), at=LATER
    )
    assert catalogue.job(job.media_id).tasks == (Task("source"), Task("tags"), Task("audio"))


def test_who_saw_a_job_that_has_changed_since_writes_nothing(catalogue: Catalogue) -> None:
    queued = register(catalogue)
    restart(catalogue, queued, *TASKS)
    mine = catalogue.job(queued.media_id)
    restart(catalogue, mine, "audio", run_id="run-2")
    before = catalogue.job(queued.media_id)
    for stale in (queued, mine):  # another state, another run
        assert not catalogue.move(stale.media_id, stale.version, JobState.QUARANTINED, seen=stale, at=LAST)
        with pytest.raises(Conflict):
            catalogue.task(stale.media_id, stale.version, "audio", TaskState.FAILED, seen=stale, at=LAST)
    assert catalogue.job(queued.media_id) == before
    catalogue.task(before.media_id, before.version, "audio", TaskState.FAILED, seen=before, at=LAST)
    assert catalogue.move(before.media_id, before.version, JobState.QUARANTINED, seen=before, at=LAST)


def test_a_run_that_begins_while_its_predecessor_is_settled_keeps_its_tasks(catalogue: Catalogue) -> None:
    for number in range(8):
        job = register(catalogue, upload(f"{number}"))
        restart(catalogue, job, *TASKS)
        seen = catalogue.job(job.media_id)
        start = threading.Barrier(2)

        def settle(seen: Job = seen, start: threading.Barrier = start) -> None:
            start.wait()
            with suppress(Conflict):
                for name in TASKS:
                    catalogue.task(seen.media_id, seen.version, name, TaskState.FAILED, seen=seen, at=LATER)
            catalogue.move(seen.media_id, seen.version, JobState.QUARANTINED, seen=seen, at=LATER)

        settling = threading.Thread(target=settle)
        settling.start()
        start.wait()
        assert restart(catalogue, seen, *TASKS, run_id="run-2", at=LAST)
        settling.join()
        after = catalogue.job(job.media_id)
        assert (after.state, after.run_id) == (JobState.PROCESSING, "run-2")
        assert {t.state for t in after.tasks} == {TaskState.WAITING}


def test_unsettled_is_what_looks_as_if_a_run_were_at_work(catalogue: Catalogue) -> None:
    names = (*TASKS, "publication")
    done = [TaskState.DONE] * len(names)
    cases: list[tuple[JobState, list[TaskState], bool]] = [
        (JobState.QUEUED, [TaskState.WAITING] * 4, False),
        (JobState.PROCESSING, done, True),
        (JobState.PLAYABLE, [TaskState.RUNNING, *done[1:]], True),
        (JobState.PLAYABLE, [TaskState.FAILED, *done[1:]], True),
        (JobState.PLAYABLE, [TaskState.FAILED, *done[2:], TaskState.WAITING], True),
        (JobState.PLAYABLE, done, True),
        (JobState.READY, done, False),
        (JobState.READY, [*done[1:], TaskState.RUNNING], True),
        (JobState.REJECTED, [TaskState.FAILED, *[TaskState.SKIPPED] * 3], False),
        (JobState.REJECTED, [TaskState.FAILED, *[TaskState.WAITING] * 3], True),
        (JobState.CANCELLED, [TaskState.WAITING] * 4, True),
        (JobState.REMOVED, [TaskState.WAITING] * 4, True),
    ]
    for number, (state, tasks, _) in enumerate(cases):
        at = NOW + timedelta(minutes=number)
        of = upload(f"case {number}")
        catalogue.register(of, title="", tenant="default", profile="web", tasks=names, at=at)
        in_state(catalogue, state, of, at=at)
        for name, task in zip(names, tasks, strict=True):
            catalogue.task(of.media_id, of.version, name, task, at=at)
    wanted = [f"case {number}" for number, (_, _, open_) in enumerate(cases) if open_]
    found = catalogue.unsettled(limit=50)
    assert [j.key for j in found] == wanted
    assert found == [catalogue.job(j.media_id) for j in found]
    register(catalogue, upload("case 1", "e2"), at=LAST)  # a newer version: the old one is open no more
    assert [j.key for j in catalogue.unsettled(limit=2)] == wanted[1:3]


def test_a_finished_job_that_is_playable_is_settled_until_it_is_taken_up_again(catalogue: Catalogue) -> None:
    job = in_state(catalogue, JobState.PLAYABLE)
    for task in job.tasks:
        catalogue.task(job.media_id, job.version, task.name, TaskState.DONE, at=NOW)
    catalogue.settled(job.media_id, job.version, seen=replace(job, run_id="another"), at=LATER)
    assert catalogue.job(job.media_id).finished_at is None
    catalogue.settled(job.media_id, job.version, seen=job, at=LATER)
    assert catalogue.job(job.media_id).finished_at == LATER
    assert catalogue.unsettled(limit=50) == []
    restart(catalogue, job, "audio")
    assert catalogue.job(job.media_id).finished_at is None
    assert [j.media_id for j in catalogue.unsettled(limit=50)] == [job.media_id]


def test_only_what_is_playable_is_finished_by_word(catalogue: Catalogue) -> None:
    job = in_state(catalogue, JobState.PROCESSING)
    catalogue.settled(job.media_id, job.version, seen=job, at=LATER)
    assert catalogue.job(job.media_id).finished_at is None


def found(catalogue: Catalogue, text: str, *, limit: int = 50, state: JobState | None = None) -> list[str]:
    return [job.key for job in catalogue.jobs(Filter(text=query(text), state=state), limit=limit)]


def test_media_are_found_by_every_word_of_their_title_and_description(catalogue: Catalogue) -> None:
    beach, town = upload("beach"), upload("town")
    register(catalogue, beach, title="Holiday at the beach")
    register(catalogue, town, title="Holiday in town", at=LATER)
    assert found(catalogue, "HOLIDAY") == ["town", "beach"]
    assert found(catalogue, "holiday", limit=1) == ["town"]
    catalogue.describe(beach.media_id, ["Crème brûlée!", "東京都の夜"])
    assert found(catalogue, "brulee holiday") == ["beach"]
    assert found(catalogue, "京都") == found(catalogue, "都") == found(catalogue, "東京都") == ["beach"]
    assert found(catalogue, "holid") == ["town", "beach"]
    assert found(catalogue, "holid town") == found(catalogue, "oliday") == found(catalogue, "brulee town") == []
    assert found(catalogue, "brulee", state=JobState.READY) == []


def test_a_new_description_takes_the_place_of_the_old_one(catalogue: Catalogue) -> None:
    of = register(catalogue)
    catalogue.describe(of.media_id, ["first words"])
    catalogue.describe(of.media_id, ["other words"])
    assert found(catalogue, "first") == []
    assert found(catalogue, "other") == found(catalogue, "clip") == ["clip.mp4"]


@pytest.mark.parametrize(
    "text", [*ODD_TEXT[:-1], "quote ' and \\ and & | ! ( ) :*", "x" * 5000, "a\u0300\u0301", "हिन्दी"]
)
def test_whatever_is_said_is_found_again(catalogue: Catalogue, text: str) -> None:
    catalogue.describe(register(catalogue).media_id, [text, "\0", "% _"])
    assert found(catalogue, text) == ["clip.mp4"]


def test_what_nobody_registered_is_not_described(catalogue: Catalogue) -> None:
    with pytest.raises(Missing):
        catalogue.describe("nobody", ["words"])


def attempt(catalogue: Catalogue, of: Job, stage: str, failure: Failure | None, *, run_id: str = "run-1") -> None:
    catalogue.begin(of.media_id, of.version, stage, run_id=run_id, at=NOW)
    catalogue.end(of.media_id, of.version, stage, failure=failure, at=LATER)


def test_every_try_is_remembered_in_order(catalogue: Catalogue) -> None:
    job = register(catalogue)
    assert catalogue.attempts(job.media_id, job.version) == []
    attempt(catalogue, job, "stream", FAILURE)
    attempt(catalogue, job, "source", None, run_id="run-2")
    assert catalogue.attempts(job.media_id, job.version) == [
        Attempt("stream", "run-1", NOW, LATER, FAILURE, counted=True),
        Attempt("source", "run-2", NOW, LATER, None, counted=True),
    ]
    register(catalogue, upload(etag="e2"), at=LATER)
    assert catalogue.attempts(job.media_id, upload(etag="e2").version) == []


def test_a_try_that_nobody_ended_was_lost_when_the_next_begins(catalogue: Catalogue) -> None:
    job = register(catalogue)
    for number in (1, 2):
        catalogue.begin(job.media_id, job.version, "stream", run_id=f"run-{number}", at=LATER)
    catalogue.begin(job.media_id, job.version, "source", run_id="run-2", at=LATER)
    first, second, other = catalogue.attempts(job.media_id, job.version)
    assert (first.failure, first.ended_at) == (LOST, LATER)
    assert second.ended_at is other.ended_at is None
    catalogue.end(job.media_id, job.version, failure=FAILURE, at=LAST)
    assert [t.failure for t in catalogue.attempts(job.media_id, job.version)] == [LOST, FAILURE, FAILURE]


def test_a_job_that_is_asked_for_anew_has_its_whole_budget(catalogue: Catalogue) -> None:
    job = register(catalogue)
    attempt(catalogue, job, "stream", FAILURE)
    for fresh in (False, True):
        catalogue.restart(job.media_id, job.version, run_id="run-2", profile="web", tasks=TASKS, fresh=fresh, at=LATER)
        (only,) = catalogue.attempts(job.media_id, job.version)
        assert (only.counted, only.failure) == (not fresh, FAILURE)


def test_only_who_saw_the_job_as_it_is_ends_its_tries_or_starts_it_again(catalogue: Catalogue) -> None:
    job = register(catalogue)
    catalogue.begin(job.media_id, job.version, "stream", run_id="run-1", at=NOW)
    catalogue.move(job.media_id, job.version, JobState.PROCESSING, at=NOW)
    with pytest.raises(Conflict):
        catalogue.end(job.media_id, job.version, failure=FAILURE, seen=job, at=LATER)
    again = {"run_id": "run-2", "profile": "web", "tasks": TASKS, "at": LATER}
    assert not catalogue.restart(job.media_id, job.version, seen=job, fresh=True, **again)  # type: ignore[arg-type]
    (only,) = catalogue.attempts(job.media_id, job.version)
    assert (only.ended_at, only.counted) == (None, True)
    seen = catalogue.job(job.media_id)
    assert catalogue.restart(job.media_id, job.version, seen=seen, **again)  # type: ignore[arg-type]


def test_nobody_tries_a_job_that_is_not_there(catalogue: Catalogue) -> None:
    with pytest.raises(Missing):
        catalogue.begin("nobody", "v1", "stream", run_id="run-1", at=NOW)


def queued(catalogue: Catalogue, key: str, **changes: Any) -> Job:
    given: dict[str, Any] = {
        "tenant": "a",
        "size": 1,
        "origin": Origin.LIVE,
        "second": 0,
        "bucket": "uploads",
    } | changes
    obj = StoredObject(given["bucket"], key, "e1", given["size"], NOW)
    return catalogue.register(
        received(obj), title=key, tenant=given["tenant"], profile="web", tasks=TASKS, origin=given["origin"],
        at=NOW + timedelta(seconds=given["second"]),
    )  # fmt: skip


def test_the_line_lets_tenants_take_turns_and_imports_wait(catalogue: Catalogue) -> None:
    for number in range(3):
        queued(catalogue, f"a{number}", second=number)
        queued(catalogue, f"import{number}", origin=Origin.IMPORT, second=-number)
    queued(catalogue, "large", size=10**10, second=-1)
    queued(catalogue, "b0", tenant="b", second=9)
    order = [j.key for j in catalogue.line("uploads", limit=50, now=LAST)]
    assert order == ["a0", "b0", "large", "a1", "a2", "import2", "import1", "import0"]
    assert [j.key for j in catalogue.line("uploads", limit=2, now=LAST)] == ["a0", "b0"]


def test_the_line_holds_what_waits_for_its_first_run(catalogue: Catalogue) -> None:
    queued(catalogue, "here")
    queued(catalogue, "elsewhere", bucket="other")
    over = queued(catalogue, "over")
    catalogue.move(over.media_id, over.version, JobState.CANCELLED, at=LATER)
    again = queued(catalogue, "again")
    catalogue.restart(again.media_id, again.version, run_id="r", profile="web", tasks=TASKS, at=LATER)
    catalogue.move(again.media_id, again.version, JobState.CANCELLED, at=LATER)
    catalogue.move(again.media_id, again.version, JobState.QUEUED, at=LATER)
    assert [j.key for j in catalogue.line("uploads", limit=50, now=LAST)] == ["here"]


def test_a_job_remembers_where_it_came_from(catalogue: Catalogue) -> None:
    queued(catalogue, "clip", origin=Origin.IMPORT)
    assert queued(catalogue, "clip", origin=Origin.LIVE).origin is Origin.IMPORT


@pytest.mark.parametrize("state", JobState)
def test_a_media_is_finished_when_nobody_works_on_it_or_has_to(catalogue: Catalogue, state: JobState) -> None:
    job = in_state(catalogue, state)
    assert catalogue.over_since([job.media_id, "nobody"]) == {}  # its tasks are open
    for name in TASKS:
        catalogue.task(job.media_id, job.version, name, TaskState.DONE, at=LATER)
    over = catalogue.job(job.media_id)
    expected = {} if state in LIVE else {job.media_id: over.finished_at or over.playable_at}
    assert catalogue.over_since([job.media_id, "nobody"]) == expected
    register(catalogue, upload(etag="e2"), at=LATER)
    assert catalogue.over_since([job.media_id]) == {}


def of_tenant(catalogue: Catalogue, key: str, tenant: str, *, at: datetime = NOW) -> Job:
    return catalogue.register(upload(key), title=key, tenant=tenant, profile="web", tasks=TASKS, at=at)


def test_a_list_is_narrowed_by_everything_at_once(catalogue: Catalogue) -> None:
    for number, tenant in enumerate(["a", "b", "a", "b"]):
        of_tenant(catalogue, f"clip {number}", tenant, at=NOW + timedelta(minutes=number))
    gone = of_tenant(catalogue, "clip gone", "a", at=LAST)
    assert catalogue.move(gone.media_id, gone.version, JobState.REMOVED, at=LAST)

    def keys(**wanted: Any) -> list[str]:
        return [job.key for job in catalogue.jobs(Filter(**wanted))]

    assert set(keys(tenant="a")) == {"clip 2", "clip gone", "clip 0"}
    assert keys(tenant="a", without=frozenset({JobState.REMOVED})) == ["clip 2", "clip 0"]
    assert keys(tenant="a", state=JobState.QUEUED, since=LAST) == ["clip 2"]
    assert keys(tenant="b", text=query("clip 3")) == ["clip 3"]
    assert keys(tenant="a", text=query("clip 3")) == []
    assert keys(tenant="nobody") == []


def test_a_media_that_changes_hands_is_listed_under_its_new_tenant(catalogue: Catalogue) -> None:
    of_tenant(catalogue, "clip", "a")
    changed = upload("clip", etag="e2")
    catalogue.register(changed, title="clip", tenant="b", profile="web", tasks=TASKS, at=LATER)
    assert catalogue.jobs(Filter(tenant="a")) == []
    assert [job.version for job in catalogue.jobs(Filter(tenant="b"))] == [changed.version]


def test_an_erased_media_is_nobodys(catalogue: Catalogue) -> None:
    job = of_tenant(catalogue, "clip", "a")
    catalogue.erase(Receipt(job.media_id, LATER, 1, 0, 0, 0, False))
    assert catalogue.jobs(Filter(tenant="a")) == []


def test_many_current_jobs_are_asked_for_at_once(catalogue: Catalogue) -> None:
    jobs = [register(catalogue, upload(f"{n}")) for n in range(3)]
    register(catalogue, upload("0", etag="e2"), at=LATER)
    found = catalogue.current({job.media_id for job in jobs[:2]} | {"unknown"})
    assert {(job.key, job.etag) for job in found} == {("0", "e2"), ("1", "e1")}
    assert catalogue.current([]) == []


def wished(catalogue: Catalogue, key: str = "clip.mp4", *, claimed_until: datetime | None = None) -> Job:
    return catalogue.register(
        upload(key), title="Clip", tenant="default", profile="web", tasks=TASKS, language="pt-BR",
        tags=("Holiday", "100%"), claimed_until=claimed_until, at=NOW,
    )  # fmt: skip


def test_what_an_uploader_wishes_stays_with_the_media(catalogue: Catalogue) -> None:
    job = wished(catalogue)
    assert (job.language, job.tags) == ("pt-BR", ("Holiday", "100%"))
    assert catalogue.job(job.media_id) == job
    assert register(catalogue).tags == job.tags  # it is the same version
    newer = register(catalogue, upload(etag="e2"), at=LATER)
    assert (newer.language, newer.tags) == (None, ())


def test_media_are_found_by_their_uploaders_tags_whatever_else_is_said_of_them(catalogue: Catalogue) -> None:
    job = wished(catalogue)
    assert found(catalogue, "holiday") == ["clip.mp4"]
    catalogue.describe(job.media_id, ["spoken"])
    assert found(catalogue, "holiday") == found(catalogue, "spoken") == found(catalogue, "clip") == ["clip.mp4"]
    catalogue.erase(Receipt(job.media_id, LATER, 1, 0, 0, 0, False))
    assert (catalogue.job(job.media_id).language, catalogue.job(job.media_id).tags) == (None, ())
    assert found(catalogue, "holiday") == []


def test_who_registers_may_see_to_the_run_for_a_while(catalogue: Catalogue) -> None:
    wished(catalogue, "claimed", claimed_until=LATER)
    wished(catalogue, "free")
    wished(catalogue, "claimed", claimed_until=None)  # whoever sees it again changes nothing
    assert [j.key for j in catalogue.line("uploads", limit=9, now=NOW)] == ["free"]
    assert [j.key for j in catalogue.line("uploads", limit=9, now=LATER)] == ["claimed", "free"]
