"""Parts of a long picture as runs in Dagster's queue, and the step beside them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._core.execution.plan.objects import StepFailureData, UserFailureData
from pydantic import TypeAdapter
from sqlalchemy.exc import OperationalError

from media_pipeline.application.admit import admit
from media_pipeline.application.chunked import orders
from media_pipeline.application.ports.tools import Progress
from media_pipeline.application.register import register
from media_pipeline.application.transcode import deserved
from media_pipeline.defs import traces
from media_pipeline.defs.asking import requests
from media_pipeline.defs.chunk_runs import ORDER, ChunkRuns
from media_pipeline.defs.chunks import NAME, encode_chunk_job, part_tags
from media_pipeline.defs.partitions import BACKFILL_TAG, BYTES_TAG, ORIGIN_TAG, PRIORITY_TAG, TENANT_TAG, TRACE_TAG
from media_pipeline.domain import keys
from media_pipeline.domain.admission import Limits
from media_pipeline.domain.chunks import Chunk, ChunkOrder, Cutting, Passage, Ranges
from media_pipeline.domain.errors import Cancelled, Unavailable
from media_pipeline.domain.job import Failure, JobState, TaskState
from media_pipeline.domain.profile import PlannedRendition
from media_pipeline.domain.upload import Upload
from media_pipeline.infrastructure import pods, tracing
from media_pipeline.infrastructure.dagster_engine import CHUNK_TAG, DagsterEngine
from media_pipeline.infrastructure.ffmpeg import chunking
from media_pipeline.infrastructure.settings import FILES
from media_pipeline_tests import builders as a
from media_pipeline_tests import media
from media_pipeline_tests.collector import Collector, collecting
from media_pipeline_tests.defs.chunk_runs import begin, chunk_runs, end, runs_of
from media_pipeline_tests.instance import QUEUE, new_instance
from media_pipeline_tests.platform import slim

FIRST = ChunkOrder("m", "v", (PlannedRendition(a.rung(360), 640, 360),), 2.0, Chunk(0, 0, 50, 0), "ffmpeg 9")
ORDERS = [replace(FIRST, chunk=Chunk(n, 50 * n, 50 * n + 50, n)) for n in range(12)]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with new_instance(QUEUE) as made:
        yield made


def numbers(runs: list[dg.DagsterRun]) -> list[int]:
    """Which parts these runs are over."""
    configs: list[Any] = [run.run_config for run in runs]
    return [json.loads(config["ops"]["encode_ordered"]["config"]["order"])["chunk"]["number"] for config in configs]


def with_status(instance: dg.DagsterInstance, *statuses: dg.DagsterRunStatus) -> list[dg.DagsterRun]:
    return [run for run in runs_of(instance, "m") if run.status in statuses]


def encoded(workers: ChunkRuns, orders: list[ChunkOrder], progress: Progress) -> tuple[list[int], list[int]]:
    """The parts that came, and of these the ones that the step encoded itself."""
    mine: list[int] = []

    def here(order: ChunkOrder, told: Progress) -> None:
        mine.append(order.chunk.number)
        told(0.5)

    with workers.working(orders, here=here, progress=progress) as coming:
        return [order.chunk.number for order in coming], mine


def test_where_nobody_works_off_the_queue_the_step_encodes_everything_from_the_end_on(
    instance: dg.DagsterInstance,
) -> None:
    came, mine = encoded(chunk_runs(instance), ORDERS, lambda _: None)
    assert mine == [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert sorted(came) == list(range(12))
    assert {run.status for run in runs_of(instance, "m")} == {dg.DagsterRunStatus.CANCELED}
    assert len(runs_of(instance, "m")) == 8  # no more wait at a time


def test_what_runs_encode_the_step_does_not(instance: dg.DagsterInstance) -> None:
    def daemon(_: float) -> None:
        """Three workers, each of which is done at the next look."""
        for run in with_status(instance, dg.DagsterRunStatus.STARTED):
            end(instance, run)
        for run in with_status(instance, dg.DagsterRunStatus.QUEUED)[:3]:
            begin(instance, run)

    came, mine = encoded(chunk_runs(instance), ORDERS, daemon)
    theirs = numbers(with_status(instance, dg.DagsterRunStatus.SUCCESS))
    assert sorted(came) == list(range(12))
    assert sorted(mine + theirs) == list(range(12))
    assert len(mine) < 6


def test_a_part_of_which_a_run_failed_is_encoded_by_the_step_and_no_other(instance: dg.DagsterInstance) -> None:
    def daemon(_: float) -> None:
        for run in with_status(instance, dg.DagsterRunStatus.STARTED):
            end(instance, run, success=numbers([run]) != [1])
        for run in with_status(instance, dg.DagsterRunStatus.QUEUED):
            begin(instance, run)

    workers = chunk_runs(instance)
    came, mine = encoded(workers, ORDERS[:4], daemon)
    assert (sorted(came), mine) == ([0, 1, 2, 3], [3, 1])


def fails_with(instance: dg.DagsterInstance, run: dg.DagsterRun, code: str) -> None:
    """As a run ends whose own code has met a failure of ours."""
    metadata = {"code": dg.MetadataValue.text(code), "sentence": dg.MetadataValue.text("It is full.")}
    data = StepFailureData(None, UserFailureData(code, metadata=metadata))  # type: ignore[no-untyped-call]
    event = dg.DagsterEvent(
        dg.DagsterEventType.STEP_FAILURE.value, run.job_name, step_key="encode_ordered", event_specific_data=data
    )
    instance.report_dagster_event(event, run.run_id)
    instance.report_run_failed(run, "Steps failed.", JobFailureData(None, RunFailureReason.STEP_FAILURE))


@pytest.mark.parametrize(
    ("why", "code", "counted"),
    [
        ("Run worker: Job failed. Its pod: OOMKilled, exit code 137", "OUT_OF_MEMORY", True),
        ("Run worker: not found", "WORKER_LOST", True),
        ("DISK_FULL", "DISK_FULL", True),
        ("UNREADABLE", "UNREADABLE", False),  # whether the file is bad is for an encode of the whole to say
        ("CONFLICT", "CONFLICT", False),
        ("ended by a person", "CANCELED", False),
    ],
)
def test_a_part_that_is_lost_is_named_and_counted(
    instance: dg.DagsterInstance, caplog: pytest.LogCaptureFixture, why: str, code: str, counted: bool
) -> None:
    def daemon(_: float) -> None:
        for run in with_status(instance, dg.DagsterRunStatus.STARTED):
            if why.isupper():
                fails_with(instance, run, why)
            elif code == "CANCELED":
                instance.report_run_canceled(run)
            else:
                instance.report_run_failed(run, why)
        for run in with_status(instance, dg.DagsterRunStatus.QUEUED):
            if numbers([run]) == [0]:
                begin(instance, run)

    told: list[Failure] = []
    came, _ = encoded(chunk_runs(instance, count=told.append), ORDERS[:3], daemon)
    assert sorted(came) == [0, 1, 2]
    (lost,) = [vars(record) for record in caplog.records if record.message == "part lost"]
    (run,) = [run for run in runs_of(instance, "m") if numbers([run]) == [0]]
    assert (lost["levelname"], lost["part"], lost["part_run_id"], lost["code"]) == ("WARNING", 0, run.run_id, code)
    assert lost["reason"]
    assert [failure.code for failure in told] == ([code] if counted else [])


def test_a_run_that_takes_too_long_is_not_waited_for(instance: dg.DagsterInstance) -> None:
    def daemon(_: float) -> None:
        for run in with_status(instance, dg.DagsterRunStatus.QUEUED):
            begin(instance, run)

    came, mine = encoded(chunk_runs(instance, patience_seconds=60), ORDERS[:3], daemon)
    assert (sorted(came), sorted(mine)) == ([0, 1, 2], [0, 1, 2])


def test_a_cancelled_step_takes_what_waits_out_of_the_queue(instance: dg.DagsterInstance) -> None:
    def cancelled(_: float) -> None:
        begin(instance, with_status(instance, dg.DagsterRunStatus.QUEUED)[0])
        raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled):
        encoded(chunk_runs(instance), ORDERS, cancelled)
    assert numbers(with_status(instance, dg.DagsterRunStatus.STARTED)) == [0]  # it sees by itself
    assert with_status(instance, dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED) == []


def test_a_step_that_begins_anew_waits_for_the_runs_that_its_last_try_left(instance: dg.DagsterInstance) -> None:
    lost = chunk_runs(instance)
    for order in ORDERS[:3]:
        lost.submitted(order)
    begun, other = runs_of(instance, "m")[0], replace(FIRST, build="ffmpeg 3")
    begin(instance, begun)
    lost.submitted(other)

    def daemon(_: float) -> None:
        if with_status(instance, dg.DagsterRunStatus.STARTED):
            end(instance, begun)

    came, mine = encoded(chunk_runs(instance), ORDERS[:3], daemon)
    assert (sorted(came), mine) == ([0, 1, 2], [2, 1])
    assert len(runs_of(instance, "m")) == 4  # and asked for no other


def test_who_adopts_a_run_has_patience_with_it(instance: dg.DagsterInstance) -> None:
    """The machine has been up for longer than patience lasts."""
    lost = chunk_runs(instance)
    lost.submitted(ORDERS[0])
    begin(instance, runs_of(instance, "m")[0])
    looks = iter(range(10))

    def daemon(_: float) -> None:
        if next(looks) == 3:
            end(instance, runs_of(instance, "m")[0])

    came, mine = encoded(chunk_runs(instance, patience_seconds=600), ORDERS[:1], daemon)
    assert (came, mine) == ([0], [])


def test_who_is_busy_with_something_else_has_others_go_on(instance: dg.DagsterInstance) -> None:
    """As the step is with the sound: there are more parts than may wait at a time, and a worker for each."""
    told: list[float] = []
    with chunk_runs(instance).working(ORDERS, here=lambda *_: pytest.fail(), progress=told.append) as coming:
        for _ in range(10):
            coming.look()
            for run in with_status(instance, dg.DagsterRunStatus.STARTED):
                end(instance, run)
            for run in with_status(instance, dg.DagsterRunStatus.QUEUED):
                begin(instance, run)
        assert len(with_status(instance, dg.DagsterRunStatus.SUCCESS)) == 12
        assert sorted(order.chunk.number for order in coming) == list(range(12))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 1)


def test_what_a_run_needs_of_the_source_is_in_its_order_and_makes_it_no_other(instance: dg.DagsterInstance) -> None:
    placed = replace(FIRST, passage=Passage(((0, 5), (7, 9)), "digest"))
    assert ORDER.validate_json(ORDER.dump_json(placed)).passage == placed.passage
    chunk_runs(instance).submitted(placed)
    begin(instance, runs_of(instance, "m")[0])
    end_at = iter(range(10))

    def daemon(_: float) -> None:
        if next(end_at) == 1:
            end(instance, runs_of(instance, "m")[0])

    assert encoded(chunk_runs(instance), [FIRST], daemon) == ([0], [])  # taken over


def test_a_run_that_was_forgotten_is_not_waited_for(instance: dg.DagsterInstance) -> None:
    def daemon(_: float) -> None:
        for run in with_status(instance, dg.DagsterRunStatus.STARTED):
            instance.delete_run(run.run_id)
        for run in with_status(instance, dg.DagsterRunStatus.QUEUED):
            begin(instance, run)

    came, mine = encoded(chunk_runs(instance), ORDERS[:3], daemon)
    assert sorted(came) == sorted(mine) == [0, 1, 2]


def test_a_history_that_does_not_answer_is_trouble_of_ours(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(instance, "get_runs", gone)
    with pytest.raises(Unavailable, match="does not answer"):
        encoded(chunk_runs(instance), ORDERS[:1], lambda _: None)


DESCRIBED = pods.load()
"""what the pods of a deployment are like, as shipped"""


def tags_beside(**tags: str) -> dict[str, str]:
    return part_tags(dg.DagsterRun(job_name="process_upload", tags=tags), DESCRIBED, 10 * 1024**3)


def pod_of(tags: dict[str, str]) -> Any:
    return json.loads(tags["dagster-k8s/config"])["pod_spec_config"]


@pytest.mark.parametrize(
    ("parents", "priority_class", "counts"),
    [
        ({}, "media-pipeline-interactive", None),  # from the UI
        ({ORIGIN_TAG: "live"}, "media-pipeline-interactive", None),
        ({ORIGIN_TAG: "import"}, "media-pipeline-backfill", "import"),
        ({BACKFILL_TAG: "abc"}, "media-pipeline-backfill", "import"),
        ({BACKFILL_TAG: "abc", ORIGIN_TAG: "live"}, "media-pipeline-backfill", "import"),
    ],
)
def test_parts_are_as_urgent_as_their_upload(parents: dict[str, str], priority_class: str, counts: str | None) -> None:
    tags = tags_beside(**parents)
    assert pod_of(tags)["priorityClassName"] == priority_class
    assert tags.get(ORIGIN_TAG) == counts  # the limit of imports is theirs too
    assert BACKFILL_TAG not in tags


def test_the_pod_of_a_part_has_scratch_for_the_source_whatever_the_run_says_of_it() -> None:
    sizes = [pod_of(tags_beside(**said))["volumes"] for said in ({}, {BYTES_TAG: "1"})]
    gib = DESCRIBED.scratch.gib(DESCRIBED.steps["encode_chunk"].scratch, 10 * 1024**3)
    assert [volume["emptyDir"]["sizeLimit"] for (volume,) in sizes] == [f"{gib}Gi"] * 2


@pytest.mark.parametrize(("said", "priority"), [("7", "6"), ("-1000", "-1001"), ("soon", "-1"), ("", "-1")])
def test_a_part_is_less_urgent_than_a_whole_upload(said: str, priority: str) -> None:
    assert tags_beside(**{PRIORITY_TAG: said})[PRIORITY_TAG] == priority


def test_runs_over_parts_are_over_no_partition_and_stand_in_no_line(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    workers = replace(chunk_runs(instance), tags=tags_beside(**{ORIGIN_TAG: "import", TENANT_TAG: "acme"}))
    workers.submitted(FIRST)
    tags = runs_of(instance, "m")[0].tags
    assert (tags[PRIORITY_TAG], tags["media_pipeline/version"], tags[TENANT_TAG]) == ("-1", "v", "acme")
    assert "dagster/partition" not in tags
    assert requests(instance, slim(tmp_path)) == []  # which counts whole uploads


def test_who_forgets_a_media_forgets_the_runs_over_its_parts(instance: dg.DagsterInstance) -> None:
    workers = chunk_runs(instance)
    for order in (FIRST, replace(FIRST, media_id="another")):
        workers.submitted(order)
    assert DagsterEngine(instance).forget("m") == 1
    assert (len(runs_of(instance, "m")), len(runs_of(instance, "another"))) == (0, 1)


class Film:
    """A clip of eight seconds that was admitted and is taken for long, in a platform whose directory is this."""

    def __init__(self, home: Path, seconds: int = 8) -> None:
        self.here = slim(home, a.rung(96, preset="ultrafast"), chunks=Cutting(above_seconds=2, seconds=3))
        clip = media.clip(home / "film.mp4", seconds, "192x96", "-g", "25")
        obj = self.here.store.head(FILES, str(clip).lstrip("/"))
        profile = self.here.recipes.profiles["fast"]
        self.job = register(obj, profile=profile, catalogue=self.here.catalogue, now=self.here.now())
        of = self.job
        self.upload = Upload(of.media_id, of.version, of.bucket, of.key, of.etag, of.size)
        with self.here.scratch("admit") as scratch:
            tool, store = self.here.tool, self.here.store
            self.source = admit(self.upload, profile, limits=Limits(), store=store, tool=tool, scratch=scratch)
        self.here.results.save(self.upload, "source", self.source)

    def orders(self, build: str | None = None) -> list[ChunkOrder]:
        here, profile = self.here, self.here.recipes.profiles["fast"]
        return orders(
            self.source, deserved(self.source, profile, here.recipes), cutting=here.settings.chunks, gop_seconds=2,
            followed=None, build=build or here.tool.build,
        )  # fmt: skip

    def run(self, order: ChunkOrder, **run: Any) -> dg.ExecuteInProcessResult:
        """As the daemon does when the turn of an order's run comes."""
        said = TypeAdapter(ChunkOrder).dump_json(order).decode()
        config = {"ops": {"encode_ordered": {"config": {"order": said}}}}
        definitions = dg.Definitions(jobs=[encode_chunk_job], resources={"platform": self.here})
        return definitions.resolve_job_def(NAME).execute_in_process(run_config=config, raise_on_error=False, **run)

    @property
    def kept(self) -> list[str]:
        prefix = keys.chunks(self.upload.media_id, self.upload.version)
        return sorted(PurePath(o.key).name for o in self.here.store.list(self.here.settings.media_bucket, prefix))


@pytest.fixture
def film(tmp_path: Path) -> Film:
    return Film(tmp_path)


def refusal(result: dg.ExecuteInProcessResult) -> str:
    """The code that a run failed with."""
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    data = failed.step_failure_data.user_failure_data
    assert data is not None
    return str(data.metadata["code"].value)


def test_a_run_encodes_its_part_and_keeps_it_in_the_store(film: Film) -> None:
    assert len(film.orders()) == 2
    assert film.run(film.orders()[1]).success
    assert film.kept == ["chunk.json", "v0.mp4", "watched.gray", "watched.times"]


class Remote:
    """A store of which a run has what it asks for and no more."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def fetch(self, bucket: str, key: str, to: Path) -> None:
        pytest.fail("all of the source was fetched")

    def fetch_ranges(self, bucket: str, key: str, to: Path, ranges: Ranges) -> None:
        data, _ = self._store.read(bucket, key)
        to.write_bytes(b"\xff" * len(data))
        with to.open("r+b") as file:
            for start, stop in ranges:
                file.seek(start)
                file.write(data[start:stop])


@pytest.mark.slow
def test_a_run_fetches_no_more_of_the_source_than_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "_HEAD_BYTES", 10_000)  # the clip is a small one
    film = Film(tmp_path, seconds=40)
    order, tool = film.orders()[5], film.here.tool
    with film.here.scratch("placing") as scratch:
        film.here.store.fetch(film.upload.bucket, film.upload.key, scratch / "source")
        of = scratch / "source", film.source.info
        (ranges,) = tool.ranges(*of, [order.chunk], scratch=scratch)
        placed = replace(order, passage=Passage(ranges, tool.packets(*of, order.chunk, scratch=scratch)))
    assert ranges
    remote: Any = Remote(film.here.store)
    film.here = replace(film.here, store=remote)
    assert film.run(placed).success
    assert film.kept == ["chunk.json", "v0.mp4", "watched.gray", "watched.times"]


ABOVE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as here:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", here.endpoint)
        tracing.start()
        yield here
        tracing.stop()


def test_the_trace_of_an_upload_goes_on_where_a_part_is_encoded(
    film: Film, collector: Collector, instance: dg.DagsterInstance
) -> None:
    with tracing.span("step transcodes", parent=ABOVE):
        trace = tags_beside(**{TRACE_TAG: ABOVE})[TRACE_TAG]
    result = film.run(film.orders()[0], instance=instance, tags={TRACE_TAG: trace, CHUNK_TAG: film.upload.media_id})
    assert result.success
    assert [span.name for span in collector.spans if span.name.startswith("step ")] == [
        "step transcodes", "step encode_chunk",
    ]  # which are not waited for: the process may be gone  # fmt: skip
    traces.tell(result.run_id, instance)
    tracing.flush()
    by_id = {span.id: span for span in collector.spans}
    assert {span.trace for span in collector.spans} == {ABOVE[3:35]}
    span, names = collector.one("encode chunk"), []
    while span.parent in by_id:
        span = by_id[span.parent]
        names.append(span.name)
    assert names == ["step encode_chunk", "run encode_chunk", "step transcodes"]
    assert {s.facts[tracing.MEDIA_ID] for s in by_id.values() if s.name.endswith("encode_chunk")} == {
        film.upload.media_id
    }


def test_lines_of_a_part_say_which_media_and_run_they_are_about(film: Film) -> None:
    result = film.run(film.orders()[1])
    lines = [json.loads(line) for line in film.here.settings.log_file.read_text().splitlines()]
    (line,) = [line for line in lines if line["event"] == "part started"]
    about = {name: line[name] for name in ("media_id", "version", "run_id", "step", "part")}
    assert about == {
        "media_id": film.upload.media_id, "version": film.upload.version, "run_id": result.run_id,
        "step": "encode_chunk", "part": 1,
    }  # fmt: skip


def test_a_run_with_another_encoder_leaves_the_part_alone(film: Film) -> None:
    assert refusal(film.run(film.orders("ffmpeg 3")[0])) == "CONFLICT"
    assert film.kept == []


@pytest.mark.parametrize("why", ["cancelled", "made already"])
def test_a_run_over_a_part_that_nobody_wants_any_more_ends(film: Film, why: str) -> None:
    catalogue, version, now = film.here.catalogue, (film.job.media_id, film.job.version), film.here.now()
    if why == "cancelled":
        catalogue.move(*version, JobState.CANCELLED, at=now)
    else:
        catalogue.task(*version, "transcodes/96p", TaskState.DONE, at=now)
    assert refusal(film.run(film.orders()[0])) == "CANCELLED"
    assert film.kept == []
