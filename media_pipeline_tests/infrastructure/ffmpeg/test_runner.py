"""The runner: limits hold, nothing is left behind, failures have names."""

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.infrastructure.ffmpeg import runner
from media_pipeline.infrastructure.ffmpeg.runner import Limits, ToolFailed, run, scratch_directory

QUICK = Limits(wall_seconds=30)


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def code_of(argv: list[str], scratch: Path, limits: Limits = QUICK) -> QuarantineCode:
    with pytest.raises(Unavailable) as failure:
        run(argv, scratch=scratch, limits=limits)
    return failure.value.code


def test_stdout_and_the_end_of_stderr_come_back(tmp_path: Path) -> None:
    argv = python("import sys; print('out'); sys.stderr.write('x' * 200_000 + 'end')")
    answer = run(argv, scratch=tmp_path, limits=QUICK)
    assert answer.stdout == b"out\n"
    assert answer.stderr.endswith("end")
    assert len(answer.stderr) <= 4096


def test_lines_are_handed_over_as_they_come(tmp_path: Path) -> None:
    lines: list[str] = []
    run(python("print('a'); print('b')"), scratch=tmp_path, limits=QUICK, on_line=lines.append)
    assert lines == ["a", "b"]


def test_a_tool_sees_no_secrets_and_no_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    answer = run(
        python("import os, sys; print(dict(os.environ), repr(sys.stdin.read()))"), scratch=tmp_path, limits=QUICK
    )
    assert b"hush" not in answer.stdout
    assert b"''" in answer.stdout


def test_a_non_zero_exit_carries_the_last_words(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed) as failure:
        run(python("import sys; sys.exit('no good')"), scratch=tmp_path, limits=QUICK)
    assert failure.value.exit_code == 1
    assert "no good" in failure.value.tail


def test_a_hang_ends_at_its_deadline_with_all_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('child', 'w').write(str(child.pid)); time.sleep(600)"
    )
    assert code_of(python(code), tmp_path, Limits(wall_seconds=2)) is QuarantineCode.TIMEOUT
    child = int((tmp_path / "child").read_text())
    assert gone(child)


def test_a_crash_is_named(tmp_path: Path) -> None:
    code = f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})"
    assert code_of(python(code), tmp_path) is QuarantineCode.TOOL_CRASH


def test_output_beyond_the_file_limit_is_stopped(tmp_path: Path) -> None:
    code = "open('big', 'wb').write(b'x' * 10_000_000)"
    with pytest.raises((Unavailable, ToolFailed)):
        run(python(code), scratch=tmp_path, limits=Limits(wall_seconds=30, file_bytes=1_000_000))
    assert (tmp_path / "big").stat().st_size <= 1_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces RLIMIT_AS")
def test_memory_beyond_the_limit_is_out_of_memory(tmp_path: Path) -> None:
    limits = Limits(wall_seconds=30, memory_bytes=300_000_000)
    assert code_of(python("b'x' * 1_000_000_000"), tmp_path, limits) is QuarantineCode.OUT_OF_MEMORY


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    code = "import errno, os, sys; sys.exit(os.strerror(errno.ENOSPC))"
    assert code_of(python(code), tmp_path) is QuarantineCode.DISK_FULL


@pytest.mark.skipif(sys.platform != "linux", reason="needs the parent-death signal")
def test_a_tool_does_not_outlive_a_killed_worker(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; import sys\n"
        "from media_pipeline.infrastructure.ffmpeg.runner import Limits, run\n"
        "tool = '''import os, time\nopen('pid', 'w').write(str(os.getpid()))\nprint('up', flush=True)\n"
        "time.sleep(600)'''\n"
        f"run([sys.executable, '-c', tool], scratch=Path({str(tmp_path)!r}), limits=Limits(wall_seconds=600),\n"
        "    on_line=lambda line: print(line, flush=True))"
    )
    worker = psutil.Popen([sys.executable, "-c", code], stdout=-1)
    assert worker.stdout.readline() == b"up\n"
    worker.kill()
    worker.wait()
    assert gone(int((tmp_path / "pid").read_text()))


def test_scratch_is_removed_whatever_happened(tmp_path: Path) -> None:
    with pytest.raises(KeyError), scratch_directory(tmp_path, "work") as scratch:
        (scratch / "file").write_text("x")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_the_sandbox_in_force_has_a_name() -> None:
    assert runner.SANDBOX == "rlimits"


def gone(pid: int) -> bool:
    """Whether a process ends within ten seconds; a zombie has ended."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        os.sched_yield()
    return False
