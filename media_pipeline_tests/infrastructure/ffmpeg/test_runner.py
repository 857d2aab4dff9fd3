"""The runner: limits hold, nothing is left behind, failures have names, in every mode of the sandbox."""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.infrastructure.ffmpeg import runner
from media_pipeline.infrastructure.ffmpeg.runner import LimitHit, Limits, Output, ToolFailed, scratch_directory
from media_pipeline.infrastructure.sandbox.modes import Choice
from media_pipeline_tests import sandbox
from media_pipeline_tests.sandbox import PYTHON, python

QUICK = Limits(wall_seconds=30)
Run = Callable[..., Output]


@pytest.fixture(params=sandbox.EVERY)
def mode(request: pytest.FixtureRequest) -> Choice:
    asked: Choice = request.param
    return asked


@pytest.fixture
def run(mode: Choice, tmp_path: Path) -> Run:
    return partial(runner.run, scratch=tmp_path, reads=PYTHON, sandbox=mode)


def failure(run: Run, code: str, limits: Limits = QUICK) -> Unavailable:
    with pytest.raises(Unavailable) as failed:
        run(python(code), limits=limits)
    return failed.value


def test_stdout_and_the_end_of_stderr_come_back(run: Run) -> None:
    answer = run(python("import sys; print('out'); sys.stderr.write('x' * 200_000 + 'end')"), limits=QUICK)
    assert answer.stdout == b"out\n"
    assert answer.stderr.endswith("end")
    assert len(answer.stderr) <= 4096


def test_lines_are_handed_over_as_they_come(run: Run) -> None:
    lines: list[str] = []
    run(python("print('a'); print('b')"), limits=QUICK, on_line=lines.append)
    assert lines == ["a", "b"]


def test_a_tool_sees_no_secrets_no_stdin_and_no_open_files(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    answer = run(
        python(
            "import os, sys; print(sorted(os.environ), repr(sys.stdin.read()))\n"
            "for fd in range(3, 256):\n"
            "    try: os.fstat(fd)\n"
            "    except OSError: continue\n"
            "    print('open', fd)"
        ),
        limits=QUICK,
    )
    environment = set(answer.stdout.decode().split("'")[1::2]) - {""}
    assert environment - {"PWD"} == {"HOME", "LC_ALL", "PATH", "TMPDIR"}
    assert b"open" not in answer.stdout


def test_a_non_zero_exit_carries_the_last_words(run: Run) -> None:
    with pytest.raises(ToolFailed) as failed:
        run(python("import sys; sys.exit('no good')"), limits=QUICK)
    assert failed.value.exit_code == 1
    assert "no good" in failed.value.tail


def test_a_hang_ends_at_its_deadline(run: Run, tmp_path: Path) -> None:
    began = time.monotonic()
    hang = "import signal, time\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\ntime.sleep(600)"
    trouble = failure(run, hang, Limits(wall_seconds=0.5))
    assert isinstance(trouble, LimitHit)
    assert trouble.code is QuarantineCode.TIMEOUT
    assert time.monotonic() - began < 10
    assert not working_in(tmp_path)


def test_the_weakest_mode_too_ends_grandchildren(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "grandchild = 'import time; time.sleep(600)'\n"
        "child = f'import subprocess, sys; subprocess.run([sys.executable, \"-c\", {grandchild!r}])'\n"
        "subprocess.Popen([sys.executable, '-c', child])\n"
        "print('up', flush=True); time.sleep(600)"
    )
    with pytest.raises(LimitHit):
        runner.run(python(code), scratch=tmp_path, limits=Limits(wall_seconds=1), sandbox="rlimits")
    assert not working_in(tmp_path)


@pytest.mark.parametrize("mode", sandbox.STRONG)
def test_a_confined_tool_cannot_even_fork_and_threads_work(run: Run) -> None:
    code = (
        "import os, subprocess, sys, threading\n"
        "for start in (os.fork, lambda: subprocess.Popen([sys.executable])):\n"
        "    try: start()\n"
        "    except PermissionError: print('refused')\n"
        "thread = threading.Thread(target=print, args=['thread']); thread.start(); thread.join()"
    )
    assert run(python(code), limits=QUICK).stdout.split() == [b"refused", b"refused", b"thread"]


def test_a_crash_is_named(run: Run) -> None:
    trouble = failure(run, "import ctypes; ctypes.string_at(0)")
    assert (type(trouble), trouble.code) == (Unavailable, QuarantineCode.TOOL_CRASH)
    assert "SIGSEGV" in trouble.message


def test_output_beyond_the_file_limit_is_stopped(run: Run, tmp_path: Path) -> None:
    code = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL); open('big', 'wb').write(b'x' * 10_000_000)"
    trouble = failure(run, code, Limits(wall_seconds=30, file_bytes=1_000_000))
    assert (type(trouble), trouble.code) == (LimitHit, QuarantineCode.DISK_FULL)
    assert (tmp_path / "big").stat().st_size <= 1_000_000


def test_a_tool_that_talks_without_end_is_stopped(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_STDOUT_BYTES", 1_000_000)
    assert isinstance(failure(run, "while True: print('x' * 10_000)"), LimitHit)


@pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_AS")
def test_memory_beyond_the_limit_is_named(run: Run) -> None:
    trouble = failure(run, "b'x' * 1_000_000_000", Limits(wall_seconds=30, memory_bytes=300_000_000))
    assert (type(trouble), trouble.code) == (LimitHit, QuarantineCode.OUT_OF_MEMORY)


def test_a_full_disk_is_named(run: Run) -> None:
    trouble = failure(run, "import errno, os, sys; sys.exit(os.strerror(errno.ENOSPC))")
    assert (type(trouble), trouble.code) == (Unavailable, QuarantineCode.DISK_FULL)


def test_a_missing_tool_is_our_fault(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as failed:
        run([str(tmp_path / "nothing")], limits=QUICK)
    assert failed.value.code is QuarantineCode.INTERNAL


def test_what_is_no_program_is_our_fault(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with pytest.raises(Unavailable) as failed:
        run([str(tmp_path / "text")], limits=QUICK)
    assert failed.value.code is QuarantineCode.INTERNAL


@pytest.mark.skipif(sys.platform != "linux", reason="needs the parent-death signal")
def test_a_tool_does_not_outlive_a_killed_worker(mode: str, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from media_pipeline.infrastructure.ffmpeg.runner import Limits, run\n"
        "from media_pipeline_tests.sandbox import PYTHON, python\n"
        "run(python('import time; print(1, flush=True); time.sleep(600)'), limits=Limits(wall_seconds=600),\n"
        f"    scratch=Path({str(tmp_path)!r}), reads=PYTHON, sandbox={mode!r},\n"
        "    on_line=lambda line: print('up', flush=True))"
    )
    worker = psutil.Popen([sys.executable, "-c", code], stdout=-1)
    assert worker.stdout.readline() == b"up\n"
    assert working_in(tmp_path)
    worker.kill()
    worker.wait()
    deadline = time.monotonic() + 10
    while working_in(tmp_path) and time.monotonic() < deadline:
        os.sched_yield()
    assert not working_in(tmp_path)


def test_scratch_is_removed_whatever_happened(tmp_path: Path) -> None:
    with pytest.raises(KeyError), scratch_directory(tmp_path, "work") as scratch:
        (scratch / "file").write_text("x")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def working_in(directory: Path) -> list[psutil.Process]:
    """Every living process of a tool that was given this scratch directory; names and paths differ in a namespace."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TMPDIR") == str(directory) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
