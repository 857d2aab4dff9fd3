"""What every benchmark shares: programs measured with all their children, clips, medians, and the lines that say where
the numbers come from."""

import ctypes
import os
import platform
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil

from media_pipeline.cli import demo
from media_pipeline.infrastructure.sandbox.proof import in_force
from media_pipeline.infrastructure.settings import Settings

SETTINGS = Settings()
FFMPEG, FFPROBE, PACKAGER = SETTINGS.ffmpeg_path, SETTINGS.ffprobe_path, SETTINGS.packager_path
_CHILD_SUBREAPER = 36  # of prctl


def adopt_orphans() -> None:
    """bubblewrap does not wait for what it starts, so that its CPU time would be nobody's: orphans are to be this
    process's. Not inherited."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)


adopt_orphans()


@dataclass
class Cost:
    """What one run took: seconds, CPU seconds of the whole process tree, peak bytes."""

    wall: float
    cpu: float
    memory: int = 0
    scratch: int = 0
    playable: float | None = None


def measured(argv: Sequence[str], scratch: Path, environment: Mapping[str, str] | None = None) -> tuple[Cost, str]:
    """Run a program and watch its tree. Memory is the proportional sum over the tree, sampled five times a second;
    `scratch` is the folder whose size is watched."""
    before, began = _below(), time.monotonic()
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peaks = {"memory": 0, "scratch": 0}
    over = threading.Event()
    errors: list[str] = []

    def watch() -> None:
        while not over.wait(0.2):
            peaks["memory"] = max(peaks["memory"], tree_memory(process.pid))
            peaks["scratch"] = max(peaks["scratch"], size_of(scratch))

    def drain() -> None:
        assert process.stderr is not None
        errors.append(process.stderr.read())

    threads = [threading.Thread(target=watch), threading.Thread(target=drain)]
    for thread in threads:
        thread.start()
    assert process.stdout is not None
    output = process.stdout.read()
    _, status = os.waitpid(process.pid, 0)
    used = _below() - before
    over.set()
    for thread in threads:
        thread.join()
    if status:
        sys.exit(f"{list(argv)[:3]} failed: {errors[0][-2000:]}")
    wall = time.monotonic() - began
    return Cost(wall, used, peaks["memory"], peaks["scratch"]), output


def spent(call: Callable[[], object]) -> Cost:
    """Seconds and CPU seconds around a call, which leaves no process behind."""
    began, before = time.monotonic(), cpu()
    call()
    return Cost(time.monotonic() - began, cpu() - before)


def cpu() -> float:
    """CPU seconds of this process and of all below it, so far."""
    mine = resource.getrusage(resource.RUSAGE_SELF)
    return mine.ru_utime + mine.ru_stime + _below()


def _below() -> float:
    """CPU seconds of the processes below this one, once all of them are over."""
    with suppress(ChildProcessError):  # none is left
        while True:
            os.waitpid(-1, 0)
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN)
    return theirs.ru_utime + theirs.ru_stime


def tree_memory(pid: int) -> int:
    """Bytes; pages that processes share are counted once."""
    total = 0
    try:
        root = psutil.Process(pid)
        for each in [root, *root.children(recursive=True)]:
            try:
                total += each.memory_full_info().pss if sys.platform == "linux" else each.memory_info().rss
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
    except psutil.NoSuchProcess:
        return total
    return total


def size_of(folder: Path) -> int:
    """Bytes below a folder; what vanishes meanwhile does not count."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += 0 if path.is_symlink() else path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def rounds(count: int, runs: Mapping[str, Callable[[], Cost]]) -> dict[str, list[Cost]]:
    """Every run once a round, in turn, so that a busy minute of the machine hits them all."""
    costs: dict[str, list[Cost]] = {name: [] for name in runs}
    for number in range(count):
        for name, run in runs.items():
            cost = run()
            costs[name].append(cost)
            print(f"round {number + 1} {name:28}  wall {cost.wall:6.1f} s  cpu {cost.cpu:7.2f} s", flush=True)
    return costs


def median(costs: Sequence[Cost], field: str) -> float:
    values: list[float] = [getattr(c, field) for c in costs]
    return statistics.median(values)


def where(*facts: str) -> str:
    """The line above every table."""
    machine = f"{os.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GiB, {platform.machine()}"
    python = f"Python {platform.python_version()}"
    return "; ".join([f"\n{date.today()}: {machine}, {python}", f"sandbox {in_force().mode}", *facts])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def ffmpeg(*arguments: str, cwd: Path | None = None) -> str:
    """Run it over our own files; what it says."""
    argv = [FFMPEG, "-nostdin", "-y", "-hide_banner", "-nostats", "-v", "error", *arguments]
    return subprocess.run(argv, check=True, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True).stderr


def make_clip(to: Path, seconds: float, *, size: str = "1920:1080", gop: int = 50) -> Path:
    """Real footage and speech: the demo clip again and again. `gop` in frames of 1/25 s."""
    short = to.with_name("short.mp4")
    demo.make(short, ffmpeg=FFMPEG)
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-g", str(gop), "-keyint_min", str(gop // 5)]
    ffmpeg("-stream_loop", "-1", "-i", str(short), "-t", str(seconds), "-vf", f"scale={size}", *encode,
           "-c:a", "aac", "-b:a", "128k", str(to))  # fmt: skip
    return to
