"""Where the storm meets a step, however short it is: a step waits at a gate as long as somebody keeps it shut."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.02
_PATIENCE_SECONDS = 10
"""less than the watchdog has: a gate alone never ends a run"""


@dataclass(frozen=True)
class Gate:
    """A place in a step, by the step's name and by whether it begins or ends there. Two files: one keeps it shut, in
    the other stands who waits."""

    folder: Path
    stage: str
    at: str

    def passed(self, media_id: str) -> None:
        """By a step: at once, or when the gate is opened."""
        until = time.monotonic() + _PATIENCE_SECONDS
        if self._shut.exists():
            self._waiting.write_text(f"{os.getpid()} {media_id}\n")
        while self._shut.exists() and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)

    def met(self, *, seconds: float) -> tuple[int, str] | None:
        """By the storm: the process that waits and the media it works on, or None where none came in time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._waiting.exists() and (who := self._waiting.read_text()).endswith("\n"):
                pid, media_id = who.split()
                return int(pid), media_id
            time.sleep(_POLL_SECONDS)
        return None

    @contextmanager
    def shut(self) -> Iterator[None]:
        self.folder.mkdir(exist_ok=True)
        self._waiting.unlink(missing_ok=True)
        self._shut.touch()
        try:
            yield
        finally:
            self._shut.unlink()

    @property
    def _shut(self) -> Path:
        return self.folder / f"{self.stage}-{self.at}"

    @property
    def _waiting(self) -> Path:
        return self.folder / f"{self.stage}-{self.at}-waiting"
