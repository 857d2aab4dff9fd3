"""One runner for every media tool: a list and never a shell, limits, a deadline, and nothing left behind.

stdin is closed, the environment scrubbed, stderr goes to a file (a pipe fills at 64 KiB and hangs the tool), the whole
process group is killed at the end whatever happened.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from media_pipeline.domain.errors import QuarantineCode, Unavailable

SANDBOX = "rlimits"
"""The confinement in force, as provenance and `doctor` name it."""

_CONFINE = str(Path(__file__).with_name("confine.py"))
_TAIL_BYTES = 4096
_STDOUT_BYTES = 256 * 1024 * 1024
_OUT_OF_DISK = "No space left on device", "Disk quota exceeded", "File too large"
_OUT_OF_MEMORY = "Cannot allocate memory", "MemoryError", "std::bad_alloc", "x264 [error]: malloc"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use."""

    wall_seconds: float
    memory_bytes: int = 8 * 1024**3
    file_bytes: int = 64 * 1024**3
    files: int = 256

    @property
    def cpu_seconds(self) -> int:
        return max(1, int(self.wall_seconds * (os.cpu_count() or 1)))


class ToolFailed(Exception):
    """The tool ended with a non-zero exit code. `tail` is the end of its stderr."""

    def __init__(self, tool: str, exit_code: int, tail: str) -> None:
        super().__init__(f"{tool} exited with {exit_code}: {tail[-300:]}")
        self.tool = tool
        self.exit_code = exit_code
        self.tail = tail


@dataclass(frozen=True, slots=True)
class Output:
    """What a finished tool said. `stderr` is its end only."""

    stdout: bytes
    stderr: str


def run(argv: Sequence[str], *, scratch: Path, limits: Limits, on_line: Callable[[str], None] | None = None) -> Output:
    """Run a tool in `scratch` and wait for it. With `on_line`, each line of stdout is handed over as it comes and
    not kept; what that callable raises ends the tool and passes on.

    Raises ToolFailed for a non-zero exit; Unavailable TIMEOUT (wall or CPU), OUT_OF_MEMORY, DISK_FULL, or TOOL_CRASH
    when a signal ended it.
    """
    tool = Path(argv[0]).name
    with tempfile.TemporaryFile(dir=scratch) as stderr:
        with _started(argv, scratch, limits, stderr.fileno()) as (process, timed_out):
            assert process.stdout is not None
            if on_line is None:
                stdout = process.stdout.read(_STDOUT_BYTES + 1)
            else:
                stdout = b""
                for line in process.stdout:
                    on_line(line.decode("utf-8", "replace").rstrip())
            exit_code = process.wait() if len(stdout) <= _STDOUT_BYTES else -signal.SIGXFSZ
        tail = _tail(stderr.fileno())
    if exit_code == 0 and not timed_out.is_set():
        return Output(stdout, tail)
    raise _failure(tool, exit_code, tail, limits, timed_out=timed_out.is_set())


@contextmanager
def _started(
    argv: Sequence[str], scratch: Path, limits: Limits, stderr: int
) -> Iterator[tuple[subprocess.Popen[bytes], threading.Event]]:
    facts = {
        "parent": os.getpid(),
        "cpu_seconds": limits.cpu_seconds,
        "memory_bytes": limits.memory_bytes,
        "file_bytes": limits.file_bytes,
        "files": limits.files,
    }
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", _CONFINE, json.dumps(facts), *argv],
        cwd=scratch,
        env=_environment(scratch),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,  # a group of its own, and the terminal's Ctrl-C is ours to handle
    )
    timed_out = threading.Event()

    def expire() -> None:
        timed_out.set()
        _kill(process)

    timer = threading.Timer(limits.wall_seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        yield process, timed_out
    finally:
        timer.cancel()
        _kill(process)
        assert process.stdout is not None
        process.stdout.close()
        process.wait()


def _environment(scratch: Path) -> dict[str, str]:
    """No credentials, no proxies, no locale surprises: a decoder is not told where it runs."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(scratch), "TMPDIR": str(scratch), "LC_ALL": "C.UTF-8"}


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # all gone; macOS says the latter of a group of zombies
        return


def _tail(descriptor: int) -> str:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    return os.pread(descriptor, _TAIL_BYTES, max(0, size - _TAIL_BYTES)).decode("utf-8", "replace")


def _failure(tool: str, exit_code: int, tail: str, limits: Limits, *, timed_out: bool) -> Exception:
    detail = f"{tool} exited with {exit_code}: {tail}"
    if timed_out or exit_code == -signal.SIGXCPU:
        message = f"{tool} did not finish within its {limits.wall_seconds:.0f} seconds."
        return Unavailable(QuarantineCode.TIMEOUT, message, detail=detail)
    if any(words in tail for words in _OUT_OF_DISK) or exit_code == -signal.SIGXFSZ:
        return Unavailable(QuarantineCode.DISK_FULL, f"{tool} ran out of disk space.", detail=detail)
    if any(words in tail for words in _OUT_OF_MEMORY) or exit_code == -signal.SIGKILL:
        return Unavailable(QuarantineCode.OUT_OF_MEMORY, f"{tool} ran out of memory.", detail=detail)
    if exit_code < 0:
        name = signal.Signals(-exit_code).name
        return Unavailable(QuarantineCode.TOOL_CRASH, f"{tool} was ended by {name}.", detail=detail)
    return ToolFailed(tool, exit_code, tail)


@contextmanager
def temporary() -> Iterator[Path]:
    """Scratch for a call that writes nothing, such as a tool's version."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@contextmanager
def scratch_directory(root: Path, name: str) -> Iterator[Path]:
    """A private working directory, always removed, whatever is in it."""
    root.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=root))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=False)
