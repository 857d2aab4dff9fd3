"""The sandbox's modes for parametrised tests. One that does not hold on this machine is skipped, and says why; Landlock
is skipped only where the kernel has none."""

import os
import sys
from pathlib import Path

import pytest

from media_pipeline.infrastructure.sandbox import confine
from media_pipeline.infrastructure.sandbox.modes import Mode
from media_pipeline.infrastructure.sandbox.proof import shortcoming

PYTHON = [Path(sys.base_prefix)]
"""what a tool written in Python reads of the system"""


def python(code: str) -> list[str]:
    return [os.path.realpath(sys.executable), "-I", "-S", "-c", code]


def _reason(mode: Mode) -> str:
    why = shortcoming(mode)
    if why and mode is Mode.LANDLOCK and sys.platform == "linux":
        try:
            confine.landlock_abi()
        except OSError:
            return why
        return ""  # the kernel has it: let the tests fail
    return why or ""


_REASONS = {mode: _reason(mode) for mode in Mode}


def _param(mode: Mode) -> object:
    skip = pytest.mark.skipif(bool(_REASONS[mode]), reason=f"{mode} does not hold here: {_REASONS[mode]}")
    return pytest.param(str(mode), marks=skip, id=str(mode))


EVERY = [_param(mode) for mode in Mode]
STRONG = [_param(mode) for mode in (Mode.BUBBLEWRAP, Mode.LANDLOCK)]
