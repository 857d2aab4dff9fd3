"""What Prometheus is told is what has happened."""

from datetime import timedelta

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from media_pipeline.domain.attempt import Work
from media_pipeline.domain.census import Pulse, Vitals
from media_pipeline.domain.errors import QuarantineCode, RejectionCode, Unavailable
from media_pipeline.domain.job import Failure, JobState
from media_pipeline.infrastructure.prometheus import PREFIX, Exporter
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryFigures

VITALS = Vitals(
    runs={"QUEUED": 2, "STARTED": 1},
    sensors={"new_uploads": Pulse(4.0), "archived": Pulse(100.0, failing=True)},
    daemons={"SENSOR": Pulse(float("inf"))},
)
DAMAGED = Failure(RejectionCode.UNREADABLE, "The file is damaged.")
LOST = Failure(QuarantineCode.WORKER_LOST, "The worker was lost.")
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def told(exporter: Exporter) -> Samples:
    """Every sample of a scrape, read as Prometheus does."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(exporter)
    text = generate_latest(registry).decode()
    return {
        (sample.name.removeprefix(PREFIX), frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def a_day() -> MemoryCatalogue:
    """Four uploads: one is ready after 50 s and a retry, one damaged, one quarantined, one waits for ten minutes."""
    catalogue = MemoryCatalogue()
    ready, damaged, kept, _ = (
        catalogue.register(
            a.upload(f"Secret {n}.mp4", size=1000), title=f"Secret {n}", tenant="acme", profile="default",
            tasks=("source", "transcodes/720p", "audio"), at=a.NOW,
        )
        for n in range(4)
    )  # fmt: skip
    for job, failure in ((ready, None), (damaged, DAMAGED), (kept, LOST)):
        this = job.media_id, job.version
        catalogue.restart(*this, run_id="run", profile="default", tasks=(), at=a.NOW)
        catalogue.begin(*this, "source", run_id="run", at=a.NOW)
        catalogue.end(*this, "source", failure=failure, work=None if failure else Work(), at=a.NOW)
    this = ready.media_id, ready.version
    catalogue.begin(*this, "transcodes", run_id="run", at=a.NOW)
    catalogue.begin(*this, "transcodes", run_id="run 2", at=a.NOW + timedelta(seconds=10))
    end = a.NOW + timedelta(seconds=50)
    catalogue.end(*this, "transcodes", work=Work(80.0, 5_000_000), at=end)
    catalogue.move(*this, JobState.PLAYABLE, at=end)
    catalogue.move(*this, JobState.READY, at=end)
    catalogue.move(damaged.media_id, damaged.version, JobState.REJECTED, failure=DAMAGED, at=a.NOW)
    catalogue.move(kept.media_id, kept.version, JobState.QUARANTINED, failure=LOST, at=a.NOW)
    return catalogue


def exporter(catalogue: MemoryCatalogue, fresh_seconds: float = 0.0) -> Exporter:
    later = a.NOW + timedelta(minutes=10)
    return Exporter(MemoryFigures(catalogue), lambda: VITALS, now=lambda: later, fresh_seconds=fresh_seconds)


def test_the_numbers_are_the_truth() -> None:
    samples = told(exporter(a_day()))
    states = {"queued": 1, "ready": 1, "rejected": 1, "quarantined": 1, "processing": 0, "playable": 0}
    assert {state: value(samples, "jobs", state=state) for state in states} == states
    assert value(samples, "queue_jobs", origin="live") == 1
    assert value(samples, "queue_oldest_age_seconds", origin="live") == 600
    assert value(samples, "queue_oldest_age_seconds", origin="import") == 0
    assert value(samples, "quarantined_jobs", code="WORKER_LOST") == 1
    assert value(samples, "received_total", origin="live") == 4
    assert value(samples, "received_bytes_total", origin="live") == 4000
    assert value(samples, "stored_bytes_total", task="transcodes") == 5_000_000
    assert value(samples, "closed_total", state="rejected", code="UNREADABLE") == 1
    assert value(samples, "closed_total", state="rejected", code="NOT_MEDIA") == 0
    assert value(samples, "closed_total", state="ready", code="") == 1
    assert value(samples, "task_failures_total", task="transcodes", code="WORKER_LOST") == 1
    assert value(samples, "task_retries_total", task="transcodes") == 1
    assert value(samples, "open_tasks", task="transcodes", state="waiting") == 8
    assert value(samples, "runs", status="queued") == 2
    assert value(samples, "sensor_tick_age_seconds", sensor="new_uploads") == 4
    assert value(samples, "sensor_failing", sensor="archived") == 1
    assert value(samples, "daemon_heartbeat_age_seconds", daemon="sensor") == float("inf")


def test_times_are_histograms_that_add_up() -> None:
    samples = told(exporter(a_day()))
    for name in ("time_to_playable_seconds", "time_to_ready_seconds"):
        of = {le: value(samples, f"{name}_bucket", origin="live", le=le) for le in ("30.0", "60.0", "+Inf")}
        assert of == {"30.0": 0, "60.0": 1, "+Inf": 1}
        assert value(samples, f"{name}_sum", origin="live") == 50
        assert value(samples, f"{name}_count", origin="import") == 0
    assert value(samples, "task_duration_seconds_sum", task="transcodes", outcome="done") == 40
    assert value(samples, "task_duration_seconds_sum", task="transcodes", outcome="failed") == 10
    assert value(samples, "task_duration_seconds_count", task="source", outcome="rejected") == 1
    assert value(samples, "encode_speed_ratio_sum") == 2
    assert value(samples, "encode_speed_ratio_bucket", le="2.0") == 1
    assert value(samples, "encoded_media_seconds_total") == 80


def test_no_label_tells_one_media_from_another_and_there_are_only_so_many() -> None:
    few, many = a_day(), a_day()
    for number in range(50):
        rungs = (f"transcodes/{number}",)
        many.register(
            a.upload(f"{number}.mp4"), title="x", tenant=f"t{number}", profile="default", tasks=rungs, at=a.NOW
        )
    before, after = told(exporter(few)), told(exporter(many))
    assert set(before) == set(after)
    assert not [labels for _, labels in before if any(v.startswith(("secret", "acme")) for _, v in labels)]
    assert len(before) < 1500


def test_a_source_that_does_not_answer_takes_no_other_along() -> None:
    def away() -> Vitals:
        raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, "Dagster's history does not answer.")

    samples = told(Exporter(MemoryFigures(a_day()), away, now=lambda: a.NOW, fresh_seconds=0.0))
    assert value(samples, "exporter_source_up", source="dagster") == 0
    assert value(samples, "exporter_source_up", source="catalogue") == 1
    assert value(samples, "received_total", origin="live") == 4
    assert not [name for name, _ in samples if name.startswith(("runs", "sensor", "daemon"))]


def test_an_answer_is_kept_for_some_seconds_and_no_longer() -> None:
    catalogue = a_day()
    kept, fresh = exporter(catalogue, fresh_seconds=60.0), exporter(catalogue)
    assert value(told(kept), "received_total", origin="live") == 4
    catalogue.register(a.upload("5.mp4"), title="", tenant="", profile="default", tasks=(), at=a.NOW)
    assert value(told(kept), "received_total", origin="live") == 4
    assert value(told(fresh), "received_total", origin="live") == 5
