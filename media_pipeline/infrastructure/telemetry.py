"""Structured logs: one JSON object a line, which says what it is about.

Fields have the names that Dagster's own services give theirs (`--log-format json`): `timestamp`, `level`, `logger`,
`event`; beside them, where known, `media_id`, `version`, `run_id`, `step` and `trace_id`.
"""

import logging
import logging.handlers
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from media_pipeline.infrastructure import tracing

LOGGER = "media_pipeline"
_FILE_BYTES = 20 * 1024 * 1024
_about: ContextVar[dict[str, str]] = ContextVar("about", default={})  # noqa: B039 - replaced, never changed
_FIELDS = {"levelname": "level", "name": "logger", "message": "event", "exc_info": "exception"}
_DAGSTERS = "dagster"
_OF_A_RUN = "dagster_meta"
"""what Dagster notes on a record that it has taken into a run's log"""
_NOT_SHOWN = frozenset({"dagster_event", "dagster_event_batch_metadata", "taskName"})
_PARTITION = "dagster/partition"


def log(name: str) -> logging.Logger:
    """The logger of a part of the pipeline."""
    return logging.getLogger(f"{LOGGER}.{name}")


@contextmanager
def about(**facts: str) -> Iterator[None]:
    """Every line logged inside carries these facts: media_id, version, run_id, step."""
    token = _about.set({**_about.get(), **facts})
    try:
        yield
    finally:
        _about.reset(token)


def to_file(path: Path) -> None:
    """Log to a file that is rotated at 20 MB. Idempotent within a process."""
    logger = logging.getLogger(LOGGER)
    if any(getattr(h, "baseFilename", None) == str(path) for h in logger.handlers):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=_FILE_BYTES, backupCount=3, encoding="utf-8")
    handler.setFormatter(Lines())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def to_stderr() -> None:
    """Everything that this process logs goes to stderr: our own lines, warnings, those of libraries. What Dagster takes
    into a run's log is left to the run's own logger (`defs/console.py`), and what its services print to them.
    Idempotent."""
    root = logging.getLogger()
    if any(isinstance(h.formatter, Lines) for h in root.handlers):
        return
    handler = stderr()
    handler.addFilter(_nobody_elses)
    root.addHandler(handler)
    logging.captureWarnings(True)
    logging.getLogger(LOGGER).setLevel(logging.INFO)


def stderr() -> logging.Handler:
    """A handler that writes our lines to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    return handler


class Lines(JsonFormatter):
    """A record as one line of JSON: its own fields, whatever was logged with it, and what it is about."""

    def __init__(self) -> None:
        super().__init__("{levelname}{name}{message}", style="{", rename_fields=_FIELDS, timestamp=True)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """The fields in the order they are read in, Dagster's notes in our words."""
        noted = log_data.pop(_OF_A_RUN, None)
        rest = {name: value for name, value in log_data.items() if name not in _NOT_SHOWN}
        first = {"timestamp": rest.pop("timestamp"), "level": rest.pop("level").lower()}
        trace_id = tracing.trace_id()
        return (
            first | rest | (_of_dagster(noted) if noted else {}) | _about.get()
            | ({"trace_id": trace_id} if trace_id else {})
        )  # fmt: skip


def _of_dagster(noted: Mapping[str, Any]) -> dict[str, Any]:
    """What a line of a run's log is about. Its message has all that in front of it, for people: here it is bare."""
    facts = {
        "event": noted["orig_message"],
        "run_id": noted["run_id"],
        "step": noted["step_key"],
        "media_id": noted["job_tags"].get(_PARTITION),
    }
    if (event := noted["dagster_event"]) is not None:
        facts["event_type"] = event.event_type_value
        if error := getattr(event.event_specific_data, "error", None):
            facts["exception"] = error.to_string()
        if failure := getattr(event.event_specific_data, "user_failure_data", None):  # see defs/failures.py
            facts |= {name: told.value for name, told in failure.metadata.items()}
    return {name: value for name, value in facts.items() if value is not None}


def _nobody_elses(record: logging.LogRecord) -> bool:
    services = record.name.split(".")[0] == _DAGSTERS and logging.getLogger(_DAGSTERS).handlers
    return not services and not hasattr(record, _OF_A_RUN)
