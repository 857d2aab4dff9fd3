"""One upload, followed by a collector from the gateway that receives it to the last call of a tool, and what the
exporter tells of it. A real daemon, real tools, real models."""

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from media_pipeline.application.access import issue
from media_pipeline.cli import demo
from media_pipeline.cli.metrics import exporter
from media_pipeline.cli.scraped import served
from media_pipeline.definitions import build
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.caller import Scope
from media_pipeline.domain.job import Job, JobState
from media_pipeline.domain.tally import STAGES
from media_pipeline.gateway.app import create_app
from media_pipeline.gateway.front import opened
from media_pipeline.infrastructure import tracing
from media_pipeline.infrastructure.dagster_engine import instance, seed
from media_pipeline_tests import media
from media_pipeline_tests.collector import Collector, Received, collecting
from media_pipeline_tests.daemon import daemon, log_of, until
from media_pipeline_tests.platform import platform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SECONDS = 400
SECRET = "Nobody may know 4711"
COMPLETE = "POST /v1/uploads/{upload_id}/complete"


@dataclass
class Seen:
    here: Platform
    job: Job
    collector: Collector
    numbers: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def number(self, name: str, **labels: str) -> float:
        return self.numbers[f"media_pipeline_{name}", frozenset(labels.items())]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """An upload that was sent and made, by a deployment that is watched."""
    home = tmp_path_factory.mktemp("home")
    here = platform(home, profile="fast", log_format="json")
    clip = home / "clip.mp4"
    demo.make(clip, ffmpeg=media.settings().ffmpeg_path)
    seed(here.settings.dagster_home)
    with (
        collecting() as collector,
        pytest.MonkeyPatch.context() as environment,
        instance(here.settings.dagster_home) as dagster,
        daemon(here, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, MEDIA_PIPELINE_LOG_FORMAT="json"),
    ):
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        tracing.start()
        try:
            send(clip, here)
        finally:
            tracing.stop()
        until(lambda: any(job.state is JobState.READY for job in here.catalogue.jobs()), here, seconds=SECONDS)
        until(lambda: bool(collector.named("run process_upload")), here, seconds=60)
        with served(exporter(here, dagster), host="127.0.0.1", port=0) as url:
            numbers = scraped(url)
    (job,) = here.catalogue.jobs()
    return Seen(here, job, collector, numbers)


def send(clip: Path, here: Platform) -> None:
    """Through a gateway, as its answers say."""
    _, key = issue("test", tenant="default", scopes={Scope.UPLOAD}, keys=here.keys, now=here.now())
    headers = {"Authorization": f"Bearer {key}"}
    graph, data = build(here).resolve_job_def("process_upload"), clip.read_bytes()
    with opened(here, graph) as front, TestClient(create_app(front), headers=headers) as client:
        announced = {"filename": f"{SECRET}.mp4", "size": len(data)}
        upload = client.post("/v1/uploads", json=announced).raise_for_status().json()
        for part in upload["parts"]:
            began = (part["number"] - 1) * upload["part_size"]
            client.put(part["url"], content=data[began : began + part["size"]]).raise_for_status()
        client.post(f"/v1/uploads/{upload['id']}/complete").raise_for_status()


def scraped(url: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def above(span: Received, by_id: dict[str, Received]) -> list[str]:
    """The names of what a span is part of, the nearest first."""
    found = []
    while span.parent:
        span = by_id[span.parent]
        found.append(span.name)
    return found


def test_one_connected_trace_follows_the_upload(seen: Seen) -> None:
    by_id = {span.id: span for span in seen.collector.spans}
    trace = seen.collector.one(COMPLETE).trace
    spans = [span for span in by_id.values() if span.trace == trace]
    before = {"POST /v1/uploads", "PUT /v1/uploads/{upload_id}/parts/{number}"}
    assert {span.name for span in by_id.values() if span.trace != trace} == before
    assert [span.name for span in spans if not span.parent] == [COMPLETE]
    assert seen.collector.one("upload received").trace == (seen.job.trace or "").split("-")[1]
    (run,) = {span.id for span in seen.collector.named("run process_upload")}
    assert above(by_id[run], by_id) == ["run requested", "upload received", COMPLETE]
    steps = [span for span in spans if span.name.startswith("step ")]
    assert {span.name for span in steps} == {f"step {stage}" for stage in STAGES}
    assert {span.parent for span in steps} == {run}
    tools = {(span.name, *above(span, by_id)[:2]) for span in spans if "process.exit.code" in span.facts}
    assert tools >= {
        ("ffprobe", "probe", "step source"),
        ("ffmpeg", "encode", "step transcodes"),
        ("packager", "package", "step stream"),
        ("ffmpeg", "speech", "step subtitles"),
        ("ffmpeg", "look", "step ai_tags"),
    }
    assert above(seen.collector.one("transcribe"), by_id)[0] == "step subtitles"
    assert above(seen.collector.one("see"), by_id)[0] == "step ai_tags"


def test_spans_say_which_media_and_never_what_it_is_called(seen: Seen) -> None:
    for span in seen.collector.named("step transcodes"):
        assert span.facts["media_pipeline.media.id"] == seen.job.media_id
        assert span.facts["media_pipeline.run.id"] == seen.job.run_id
    assert SECRET not in repr(seen.collector.spans)
    assert "4711.mp4" not in repr(seen.collector.spans)


def test_every_line_of_ours_is_json_and_names_the_trace(seen: Seen) -> None:
    lines = ours(seen.here)
    told = [line for line in lines if line.get("event") in {"step started", "task answered"}]
    assert {line["step"] for line in told} == set(STAGES)
    assert {line["media_id"] for line in told} == {seen.job.media_id}
    assert {line["trace_id"] for line in told} == {seen.collector.one("upload received").trace}
    assert len(told) == len({(line["event"], line["step"], line.get("task")) for line in told})  # each once


def ours(here: Platform) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_of(here).read_text().splitlines() if line.startswith("{")]


def test_the_numbers_are_what_happened(seen: Seen) -> None:
    (sent,) = (path for path in seen.here.settings.inbox.rglob("*.mp4") if path.is_file())
    assert seen.number("received_total", origin="live") == 1
    assert seen.number("received_bytes_total", origin="live") == sent.stat().st_size
    assert seen.number("jobs", state="ready") == 1
    assert seen.number("queue_jobs", origin="live") == 0
    assert seen.number("closed_total", state="ready", code="") == 1
    for stage in STAGES:
        assert seen.number("task_duration_seconds_count", task=stage, outcome="done") == 1
    assert all(seen.number("task_retries_total", task=stage) == 0 for stage in STAGES)
    assert seen.job.playable_at is not None
    waited = (seen.job.playable_at - seen.job.received_at).total_seconds()
    assert seen.number("time_to_playable_seconds_sum", origin="live") == pytest.approx(waited, abs=0.001)
    assert sum(seen.number("stored_bytes_total", task=stage) for stage in STAGES) == stored(seen.here)
    assert seen.number("encode_speed_ratio_count") == 1
    assert seen.number("sensor_tick_age_seconds", sensor="new_uploads") < 60
    assert seen.number("sensor_failing", sensor="new_uploads") == 0
    assert seen.number("daemon_heartbeat_age_seconds", daemon="sensor") < 60
    assert seen.number("exporter_source_up", source="dagster") == 1


def stored(here: Platform) -> int:
    """Bytes of all that stages made: neither what they hand on nor the manifest."""
    files = [path for path in here.settings.media_dir.rglob("*") if path.is_file()]
    return sum(f.stat().st_size for f in files if f.name != "media.json" and "results" not in f.parts)
