"""Spans, as a collector gets them; and nothing at all while nobody asked for them."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.infrastructure import tracing
from media_pipeline.infrastructure.ffmpeg import runner
from media_pipeline.infrastructure.ffmpeg.runner import Limits, ToolFailed
from media_pipeline_tests.collector import Collector, collecting

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ABOVE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OFF = """
import sys
from media_pipeline.infrastructure import telemetry, tracing
from media_pipeline.infrastructure.ffmpeg import runner
with tracing.span("work", parent="{parent}") as told:
    told.note({{"a": 1}})
    assert tracing.traceparent() is None
tracing.flush()
print([name for name in sys.modules if name.startswith(("opentelemetry", "prometheus_client"))])
"""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as here:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", here.endpoint)
        tracing.start()
        tracing.start()  # a second time changes nothing
        yield here
        tracing.stop()


def test_off_nothing_of_it_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", OFF.format(parent=ABOVE)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_off_there_is_no_trace() -> None:
    with tracing.span("work"):
        assert tracing.traceparent() is None
        assert tracing.trace_id() is None


def test_spans_stand_in_one_another_and_say_whose_they_are(collector: Collector) -> None:
    with tracing.span("outer", {tracing.MEDIA_ID: "clip-1"}, kind="server"):
        with tracing.span("inner") as told:
            told.note({"n": 3})
            trace = tracing.trace_id()
        assert tracing.trace_id() == trace
    tracing.flush()
    outer, inner = collector.one("outer"), collector.one("inner")
    assert (inner.trace, inner.parent) == (outer.trace, outer.id) == (trace, outer.id)
    assert outer.parent == ""
    assert (outer.facts, inner.facts) == ({tracing.MEDIA_ID: "clip-1"}, {"n": 3})
    assert outer.service["service.name"] == "media-pipeline"


def test_what_one_process_began_goes_on_in_another(collector: Collector) -> None:
    with tracing.span("asked"):
        told = tracing.traceparent()
    with tracing.span("done", parent=told):
        pass
    with tracing.span("by a stranger", parent="no traceparent", links=[ABOVE]):
        pass
    tracing.flush()
    asked, done, stranger = (collector.one(name) for name in ("asked", "done", "by a stranger"))
    assert (done.trace, done.parent) == (asked.trace, asked.id)
    assert stranger.parent == ""
    assert stranger.links == (ABOVE[3:35],)


def test_a_failure_is_told_by_its_code_and_never_by_its_words(collector: Collector) -> None:
    with pytest.raises(BadMedia), tracing.span("refused"):
        raise BadMedia(RejectionCode.TRUNCATED, "Holiday 2026.mp4 ends too early.", detail="/home/me/Holiday 2026.mp4")
    with pytest.raises(ZeroDivisionError), tracing.span("broken"):
        _ = 1 / 0
    tracing.flush()
    refused, broken = collector.one("refused"), collector.one("broken")
    assert refused.error
    assert refused.facts == {"error.type": "TRUNCATED"}
    assert broken.facts == {"error.type": "ZeroDivisionError"}
    assert "Holiday" not in repr(collector.spans)


def test_a_call_of_a_tool_is_a_span_with_its_exit_code(collector: Collector, tmp_path: Path) -> None:
    limits = Limits(wall_seconds=20)
    runner.run(["/bin/true"], scratch=tmp_path, limits=limits, sandbox="rlimits")
    with pytest.raises(ToolFailed):
        runner.run(["/bin/false"], scratch=tmp_path, limits=limits, sandbox="rlimits")
    tracing.flush()
    assert collector.one("true").facts == {"process.executable.name": "true", "process.exit.code": 0}
    assert collector.one("false").facts == {
        "process.executable.name": "false", "process.exit.code": 1, "error.type": "ToolFailed"
    }  # fmt: skip


@pytest.mark.parametrize("parent", [ABOVE, None, "", "00-0af7-b7-01", "garbage"])
def test_a_run_is_told_of_afterwards_as_what_its_steps_are_parts_of(collector: Collector, parent: str | None) -> None:
    own = tracing.of_run("run-1", parent)
    assert own == tracing.of_run("run-1", parent) != tracing.of_run("run-2", parent)
    with tracing.span("step", parent=own):
        pass
    tracing.over(
        "run", own, parent=parent if tracing.same_trace(own, parent) else None, began=BEGAN,
        ended=BEGAN + timedelta(seconds=90), facts={"n": 1}, failed="FAILURE",
    )  # fmt: skip
    tracing.flush()
    step, run = collector.one("step"), collector.one("run")
    assert (step.trace, step.parent) == (run.trace, run.id)
    assert (run.trace, run.parent) == ((ABOVE[3:35], ABOVE[36:52]) if parent == ABOVE else (own[3:35], ""))
    assert (run.seconds, run.error, run.facts) == (90, True, {"n": 1, "error.type": "FAILURE"})


def test_what_is_not_sampled_above_is_not_told_below(collector: Collector) -> None:
    unwatched = f"{ABOVE[:-2]}00"
    own = tracing.of_run("run-1", unwatched)
    with tracing.span("step", parent=own):
        pass
    tracing.over("run", own, parent=unwatched, began=BEGAN, ended=BEGAN, facts={})
    tracing.flush()
    assert collector.spans == []


def test_a_collector_that_is_away_is_waited_for_once_and_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and never listens
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.5")
        tracing.start()
        try:
            took = []
            for _ in range(2):
                with tracing.span("work"):
                    pass
                began = time.monotonic()
                tracing.flush()
                took.append(time.monotonic() - began)
        finally:
            tracing.stop()
    assert took[0] < 5
    assert took[1] < 0.05


def test_another_protocol_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(ValueError, match="OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc'"):
        tracing.start()
    assert not tracing.on()
