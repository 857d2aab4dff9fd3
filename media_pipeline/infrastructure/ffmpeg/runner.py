"""One runner for every media tool: a list and never a shell, the sandbox, limits, a deadline, and nothing left behind.

The tool's stdin is empty, the environment scrubbed, stderr goes to a file (a pipe fills at 64 KiB and hangs the tool),
the whole process group is killed at the end whatever happened.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.infrastructure import tracing
from media_pipeline.infrastructure.sandbox import confine, modes
from media_pipeline.infrastructure.sandbox.modes import Choice, Confined, Mode
from media_pipeline.infrastructure.sandbox.proof import in_force

_TAIL_BYTES = 4096
_STDOUT_BYTES = 256 * 1024 * 1024
_OUT_OF_DISK = "No space left on device", "uota exceeded"
_LINE_BYTES = 65_536
_OUT_OF_MEMORY = (
    "Cannot allocate memory", "Out of memory", "MemoryError", "std::bad_alloc", "x264 [error]: malloc",
    "x265 [error]: malloc", "Resource temporarily unavailable",  # the last: no room for one more thread
)  # fmt: skip
_FULL_BELOW_BYTES = 1024 * 1024
_SIGNALLED = range(129, 160)
"""Exit codes by which bubblewrap tells that a signal ended the tool: 128 and its number."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use."""

    wall_seconds: float
    memory_bytes: int = 8 * 1024**3
    file_bytes: int = 64 * 1024**3
    files: int = 256
    processes: int = 8192
    """of the user as a whole, threads included; a confined tool has threads only"""

    @property
    def rlimits(self) -> dict[str, int]:
        """The values of RLIMIT_* by name."""
        cpu_seconds = max(1, int(self.wall_seconds * (os.cpu_count() or 1)))
        values = {
            "CORE": 0, "CPU": cpu_seconds, "FSIZE": self.file_bytes, "NOFILE": self.files, "NPROC": self.processes,
        }  # fmt: skip
        if sys.platform == "linux":  # macOS accepts RLIMIT_AS and ignores it
            values["AS"] = self.memory_bytes
        return values


class LimitHit(Unavailable):
    """One of the call's own limits ended the tool: time, memory, or bytes written."""


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


def run(
    argv: Sequence[str],
    *,
    scratch: Path,
    limits: Limits,
    on_line: Callable[[str], None] | None = None,
    reads: Sequence[Path] = (),
    sandbox: Choice = "auto",
) -> Output:
    """Run a tool in `scratch` and wait for it. It sees that directory, `reads`, what links in them lead to, and its
    own program. With `on_line`, each line of stdout is handed over as it comes and not kept; what that callable raises
    ends the tool and passes on.

    Raises ToolFailed for a non-zero exit; LimitHit TIMEOUT, OUT_OF_MEMORY or DISK_FULL (it wrote too much);
    Unavailable DISK_FULL, TOOL_CRASH when a signal ended it, or INTERNAL when it could not be started.
    """
    name = Path(argv[0]).name.split("-")[0]  # some say in theirs what machine they were built for
    with tracing.span(name, {"process.executable.name": name}) as told:
        return _run(argv, scratch, limits, on_line=on_line, reads=reads, sandbox=sandbox, told=told)


def _run(
    argv: Sequence[str],
    scratch: Path,
    limits: Limits,
    *,
    on_line: Callable[[str], None] | None,
    reads: Sequence[Path],
    sandbox: Choice,
    told: tracing.Span,
) -> Output:
    tool = Path(argv[0]).name
    mode = in_force(sandbox).mode
    confined = _confined(argv, mode, scratch=scratch, reads=reads, limits=limits)
    with tempfile.TemporaryFile(dir=scratch) as stderr:
        with _started(confined, scratch, limits.wall_seconds, stderr.fileno()) as (process, timed_out):
            assert process.stdout is not None
            if on_line is None:
                stdout = process.stdout.read(_STDOUT_BYTES + 1)
            else:
                stdout = b""
                for line in iter(partial(process.stdout.readline, _LINE_BYTES), b""):
                    on_line(line.decode("utf-8", "replace").rstrip())
            exit_code = process.wait() if len(stdout) <= _STDOUT_BYTES else -signal.SIGXFSZ
        tail = _tail(stderr.fileno())
    told.note({"process.exit.code": exit_code})
    if exit_code == 0 and not timed_out.is_set():
        return Output(stdout, tail)
    if mode is Mode.BUBBLEWRAP and exit_code in _SIGNALLED:
        exit_code = 128 - exit_code
    # On a full disk there is no room for the tool to say so.
    if _free_bytes(scratch) < _FULL_BELOW_BYTES and not timed_out.is_set():
        detail = f"{tool} exited with {exit_code}: {tail}"
        raise Unavailable(QuarantineCode.DISK_FULL, f"{tool} ran out of disk space.", detail=detail)
    raise _failure(tool, exit_code, tail, limits, timed_out=timed_out.is_set())


def _confined(argv: Sequence[str], mode: Mode, *, scratch: Path, reads: Sequence[Path], limits: Limits) -> Confined:
    try:
        return modes.command(mode, argv, scratch=scratch, reads=reads, limits=limits.rlimits)
    except FileNotFoundError as missing:
        message = f"{Path(argv[0]).name} is not installed where it should be."
        raise Unavailable(QuarantineCode.INTERNAL, message, detail=str(missing)) from missing


@contextmanager
def _started(
    confined: Confined, scratch: Path, wall_seconds: float, stderr: int
) -> Iterator[tuple[subprocess.Popen[bytes], threading.Event]]:
    process = subprocess.Popen(
        confined.argv,
        cwd=scratch,
        env=_environment(scratch),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,  # a group of its own, and the terminal's Ctrl-C is ours to handle
    )
    timed_out = threading.Event()

    def expire() -> None:
        timed_out.set()
        _kill(process)

    timer = threading.Timer(wall_seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        assert process.stdin is not None
        with suppress(BrokenPipeError), process.stdin:  # it ended already: its exit code says why
            process.stdin.write(confined.stdin)
        yield process, timed_out
    finally:
        timer.cancel()
        _kill(process)
        assert process.stdout is not None
        process.stdout.close()
        process.wait()


def _free_bytes(directory: Path) -> int:
    disk = os.statvfs(directory)
    return disk.f_bavail * disk.f_frsize


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
        return LimitHit(QuarantineCode.TIMEOUT, message, detail=detail)
    if tail.startswith(("bwrap: ", confine.SAYS)):
        return Unavailable(QuarantineCode.INTERNAL, f"{tool} could not be started in its sandbox.", detail=detail)
    if exit_code == -signal.SIGXFSZ:
        return LimitHit(QuarantineCode.DISK_FULL, f"{tool} wrote more than it may.", detail=detail)
    if any(words in tail for words in _OUT_OF_MEMORY) or exit_code == -signal.SIGKILL:
        return LimitHit(QuarantineCode.OUT_OF_MEMORY, f"{tool} ran out of memory.", detail=detail)
    return _ours(tool, exit_code, tail, detail) or ToolFailed(tool, exit_code, tail)


def _ours(tool: str, exit_code: int, tail: str, detail: str) -> Unavailable | None:
    if any(words in tail for words in _OUT_OF_DISK):
        return Unavailable(QuarantineCode.DISK_FULL, f"{tool} ran out of disk space.", detail=detail)
    if exit_code < 0:
        name = signal.Signals(-exit_code).name
        return Unavailable(QuarantineCode.TOOL_CRASH, f"{tool} was ended by {name}.", detail=detail)
    return None


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
