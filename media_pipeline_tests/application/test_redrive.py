"""Asking again for what failed: only what is missing, once, with a fresh budget."""

from datetime import timedelta

import pytest

from media_pipeline.application.redrive import Redriven, failed, redrive
from media_pipeline.domain.errors import Missing, QuarantineCode, RejectionCode
from media_pipeline.domain.job import Failure, Job, JobState, TaskState
from media_pipeline.domain.redo import redo
from media_pipeline.domain.results import NotMade, Result
from media_pipeline.domain.run import Run, RunState
from media_pipeline.domain.upload import Upload, received
from media_pipeline.infrastructure.results import JsonResults
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryEngine, MemoryHistory, MemoryStore

TASKS = (
    "source",
    "transcodes/720p",
    "transcodes/360p",
    "audio",
    "stream",
    "thumbnails",
    "subtitles",
    "ai_tags",
    "publication",
)
DOWN = Failure(QuarantineCode.STORE_UNAVAILABLE, "The store does not answer.")
LATER = a.NOW + timedelta(minutes=1)


class World:
    """A catalogue, results and an engine that starts nothing."""

    def __init__(self) -> None:
        self.catalogue, self.history = MemoryCatalogue(), MemoryHistory()
        self.engine = MemoryEngine(self.history, lambda: LATER)
        self.results = JsonResults(MemoryStore(), "media")

    def ended(self, state: JobState, failing: tuple[str, ...], key: str = "clip.mp4", failure: Failure = DOWN) -> Job:
        """A job whose run is over: these tasks failed, and what needs them was skipped."""
        upload = received(a.stored(key))
        self.catalogue.register(upload, title="", tenant="default", profile="default", tasks=TASKS, at=a.NOW)
        of = upload.media_id, upload.version
        self.catalogue.restart(*of, run_id="run-1", profile="default", tasks=TASKS, at=a.NOW)
        lost = set(redo(TASKS, failing)) - set(failing)
        for name in TASKS:
            self._end(upload, name, TaskState.FAILED if name in failing else TaskState.SKIPPED if name in lost else
                      TaskState.DONE)  # fmt: skip
        self.catalogue.begin(*of, failing[0].split("/")[0], run_id="run-1", at=a.NOW)
        self.catalogue.end(*of, failure=failure, at=a.NOW)
        self.catalogue.move(*of, state, failure=failure if state is not JobState.PLAYABLE else None, at=a.NOW)
        self.history.told[upload.media_id] = [
            Run("run-1", "run-1", upload.version, RunState.FAILED, False, a.NOW, a.NOW)
        ]
        return self.catalogue.job(upload.media_id)

    def _end(self, upload: Upload, name: str, state: TaskState) -> None:
        self.catalogue.task(upload.media_id, upload.version, name, state, at=a.NOW)
        if state is TaskState.DONE and name != "publication":
            self.results.save(upload, name, result(name))

    def redrive(self, media_id: str) -> Redriven:
        return redrive(
            media_id, catalogue=self.catalogue, history=self.history, engine=self.engine, results=self.results,
            tags=lambda job: {"key": job.key}, now=LATER,
        )  # fmt: skip


def result(name: str) -> Result | NotMade:
    made = {"source": a.source(), "audio": a.tracks(), "stream": a.stream(), "thumbnails": a.thumbnails()}
    return a.rendition() if name.startswith("transcodes/") else made.get(name, NotMade("nothing there"))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("missing", "redone"),
    [
        ({"source"}, TASKS),
        ({"transcodes/720p"}, ("transcodes/720p", "stream", "publication")),
        ({"audio"}, ("audio", "stream", "publication")),
        ({"stream"}, ("stream", "publication")),
        ({"subtitles", "ai_tags"}, ("subtitles", "ai_tags", "publication")),
        ({"publication"}, ("publication",)),
        (set(), ()),
    ],
)
def test_what_is_missing_is_redone_with_what_is_made_of_it(missing: set[str], redone: tuple[str, ...]) -> None:
    assert redo(TASKS, missing) == redone


def test_what_could_not_be_packaged_is_packaged_and_nothing_is_encoded_again() -> None:
    world = World()
    job = world.ended(JobState.QUARANTINED, ("stream",))
    answer = world.redrive(job.media_id)
    assert answer.tasks == ("stream", "publication")
    assert world.engine.asked == [(job.media_id, frozenset(answer.tasks), {"key": job.key})]
    after = world.catalogue.job(job.media_id)
    assert (after.state, after.failure, after.run_id) == (JobState.PROCESSING, None, answer.run_id)
    assert {t.name for t in after.tasks if t.state is TaskState.WAITING} == set(answer.tasks)
    assert {t.name for t in after.tasks if t.state is TaskState.DONE} == set(TASKS) - set(answer.tasks)


def test_of_a_playable_media_only_the_failed_extra_is_redone_and_it_stays_playable() -> None:
    world = World()
    job = world.ended(JobState.PLAYABLE, ("subtitles",))
    assert world.redrive(job.media_id).tasks == ("subtitles", "publication")
    assert world.catalogue.job(job.media_id).state is JobState.PLAYABLE


def test_the_budget_is_fresh_and_the_history_is_kept() -> None:
    world = World()
    job = world.ended(JobState.QUARANTINED, ("stream",))
    world.redrive(job.media_id)
    assert [(t.counted, t.failure) for t in world.catalogue.attempts(job.media_id, job.version)] == [(False, DOWN)]


def test_a_source_that_was_never_admitted_is_redone_whole() -> None:
    world = World()
    job = world.ended(JobState.QUARANTINED, ("source",))
    assert world.redrive(job.media_id).tasks == TASKS
    assert world.engine.asked[0][1] is None


def test_a_done_task_whose_result_is_gone_is_missing() -> None:
    world = World()
    job = world.ended(JobState.QUARANTINED, ("stream",))
    world.results = JsonResults(MemoryStore(), "media")
    assert world.redrive(job.media_id).tasks == TASKS


def test_asking_twice_changes_nothing() -> None:
    world = World()
    job = world.ended(JobState.QUARANTINED, ("stream",))
    world.redrive(job.media_id)
    before = world.catalogue.job(job.media_id)
    answer = world.redrive(job.media_id)
    assert (answer.run_id, answer.sentence) == (None, "it is under way")
    assert (world.catalogue.job(job.media_id), len(world.engine.asked)) == (before, 1)


def test_of_two_who_ask_at_once_one_is_heard_and_the_other_run_is_ended() -> None:
    world = World()
    job = world.ended(JobState.QUARANTINED, ("stream",))
    launch = world.engine.launch

    def slow(*given: object, **more: object) -> str:
        world.engine.launch = launch  # type: ignore[method-assign]
        first.append(world.redrive(job.media_id))
        return launch(*given, **more)  # type: ignore[arg-type]

    first: list[Redriven] = []
    world.engine.launch = slow  # type: ignore[method-assign]
    second = world.redrive(job.media_id)
    assert (second.run_id, second.sentence) == (None, "somebody else has taken it up")
    assert world.catalogue.job(job.media_id).run_id == first[0].run_id
    states = [r.state for r in world.history.told[job.media_id]]
    assert states == [RunState.FAILED, RunState.QUEUED, RunState.STOPPED]


def test_what_is_whole_or_removed_or_yet_to_begin_is_left_alone() -> None:
    world = World()
    job = world.ended(JobState.QUARANTINED, ("stream",))
    world.catalogue.move(job.media_id, job.version, JobState.REMOVED, at=LATER)
    new = received(a.stored("new.mp4"))
    world.catalogue.register(new, title="", tenant="default", profile="default", tasks=TASKS, at=a.NOW)
    assert world.redrive(job.media_id).sentence == "it was removed"
    assert world.redrive(new.media_id).sentence == "its first run is yet to come"
    assert world.engine.asked == []
    with pytest.raises(Missing):
        world.redrive("nobody")


def test_what_failed_is_found_by_its_code() -> None:
    world = World()
    other = Failure(QuarantineCode.DISK_FULL, "The disk is full.")
    too_large = Failure(RejectionCode.LIMIT_SIZE, "The file is too large.")
    world.ended(JobState.QUARANTINED, ("stream",), "packaged.mp4")
    world.ended(JobState.PLAYABLE, ("subtitles",), "mute.mp4", other)
    world.ended(JobState.REJECTED, ("source",), "large.mp4", too_large)

    def found(code: str | None = None) -> set[str]:
        return {job.key for job in failed(world.catalogue, code=code)}

    assert found() == {"packaged.mp4", "mute.mp4"}
    assert found("STORE_UNAVAILABLE") == {"packaged.mp4"}
    assert found("DISK_FULL") == {"mute.mp4"}
    assert found("LIMIT_SIZE") == {"large.mp4"}


def test_what_the_engine_is_about_to_retry_is_not_asked_for_beside_it() -> None:
    world = World()
    job = world.ended(JobState.QUARANTINED, ("stream",))
    world.history.told[job.media_id] = [
        Run("run-1", "run-1", job.version, RunState.FAILED, True, a.NOW, LATER - timedelta(seconds=1))
    ]
    assert world.redrive(job.media_id).sentence == "it is under way"
    world.history.told[job.media_id] = [Run("run-1", "run-1", job.version, RunState.FAILED, True, a.NOW, a.NOW - AGES)]
    assert world.redrive(job.media_id).run_id  # it was not retried after all
    assert len(world.engine.asked) == 1


AGES = timedelta(hours=1)
