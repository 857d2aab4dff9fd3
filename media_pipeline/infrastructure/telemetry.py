"""Structured logs: one JSON object a line, with media id and task from the first line on."""

import logging
import logging.handlers
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from pythonjsonlogger.json import JsonFormatter

LOGGER = "media_pipeline"
_FILE_BYTES = 20 * 1024 * 1024
_about: ContextVar[dict[str, str]] = ContextVar("about", default={})  # noqa: B039 - replaced, never changed


def log(name: str) -> logging.Logger:
    """The logger of a part of the pipeline."""
    return logging.getLogger(f"{LOGGER}.{name}")


@contextmanager
def about(**facts: str) -> Iterator[None]:
    """Every line logged inside carries these facts: media_id, task, run_id."""
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
    handler.setFormatter(JsonFormatter("{asctime}{levelname}{name}{message}", style="{", rename_fields=_FIELDS))
    handler.addFilter(_with_context)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


_FIELDS = {"asctime": "time", "levelname": "level", "name": "logger", "message": "event"}


def _with_context(record: logging.LogRecord) -> bool:
    for name, value in _about.get().items():
        setattr(record, name, value)
    return True
