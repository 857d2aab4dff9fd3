"""Logs: one JSON object a line that says what it is about."""

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from media_pipeline.infrastructure import telemetry, tracing
from media_pipeline_tests.collector import collecting


@pytest.fixture
def stderr() -> Iterator[StringIO]:
    """What our handler on the root logger writes, for as long as the test."""
    before = set(logging.getLogger().handlers)
    telemetry.to_stderr()
    telemetry.to_stderr()
    (ours,) = set(logging.getLogger().handlers) - before
    assert isinstance(ours, logging.StreamHandler)
    assert ours.stream is sys.stderr
    written = StringIO()
    ours.setStream(written)
    yield written
    logging.getLogger().removeHandler(ours)
    logging.captureWarnings(False)


def lines(written: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_says_when_what_who_and_about_whom(stderr: StringIO) -> None:
    with telemetry.about(media_id="clip-1", run_id="run-1"), telemetry.about(step="transcodes"):
        telemetry.log("step").info("task answered", extra={"task": "audio", "made": True})
    telemetry.log("step").info("alone")
    first, second = lines(stderr)
    at = datetime.fromisoformat(first.pop("timestamp"))
    assert abs((datetime.now(UTC) - at).total_seconds()) < 5
    assert first == {
        "level": "info", "logger": "media_pipeline.step", "event": "task answered", "task": "audio", "made": True,
        "media_id": "clip-1", "run_id": "run-1", "step": "transcodes",
    }  # fmt: skip
    assert list(second) == ["timestamp", "level", "logger", "event"]


def test_lines_name_the_trace_they_belong_to(stderr: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        tracing.start()
        try:
            with tracing.span("work"):
                telemetry.log("step").info("inside")
            telemetry.log("step").info("outside")
        finally:
            tracing.stop()
    inside, outside = lines(stderr)
    assert inside["trace_id"] == collector.one("work").trace
    assert "trace_id" not in outside


def test_an_exception_is_one_line_too(stderr: StringIO) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        telemetry.log("step").exception("odd name\nand a second line")
    (line,) = lines(stderr)
    assert line["event"] == "odd name\nand a second line"
    assert line["exception"].endswith("ZeroDivisionError: division by zero")


def test_libraries_and_warnings_are_heard_and_their_chatter_is_not(stderr: StringIO) -> None:
    logging.getLogger("botocore.retries").info("chatter")
    logging.getLogger("botocore.retries").warning("the store is slow")
    warnings.warn("something is old", UserWarning, stacklevel=1)
    assert [(line["logger"], line["level"]) for line in lines(stderr)] == [
        ("botocore.retries", "warning"), ("py.warnings", "warning")
    ]  # fmt: skip


def test_what_dagster_prints_itself_is_not_printed_again(stderr: StringIO) -> None:
    dagster = logging.getLogger("dagster")
    before = dagster.handlers[:]
    dagster.handlers[:] = []
    logging.getLogger("dagster.daemon").warning("said by us")
    dagster.addHandler(logging.NullHandler())
    logging.getLogger("dagster.daemon").warning("said by its service")
    dagster.handlers[:] = before
    telemetry.log("step").info("in a run's log", extra={"dagster_meta": {}})
    assert [line["event"] for line in lines(stderr)] == ["said by us"]


def test_a_file_has_the_same_lines(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "here.jsonl"
    telemetry.to_file(path)
    telemetry.to_file(path)
    with telemetry.about(media_id="clip-1"):
        telemetry.log("step").info("step started")
    (handler,) = (
        h for h in logging.getLogger(telemetry.LOGGER).handlers if getattr(h, "baseFilename", "") == str(path)
    )
    logging.getLogger(telemetry.LOGGER).removeHandler(handler)
    handler.close()
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["media_id"] == "clip-1"
