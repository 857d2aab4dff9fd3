"""`make bench`: our whole `process` beside a plain script that makes the same outputs, in one run, as ratios.

    python benchmarks/run.py [--seconds 60] [--rounds 3] [--clip FILE]

Rounds alternate, so that a busy minute of the machine hits both; the medians are compared.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import psutil

from media_pipeline.cli import demo
from media_pipeline.infrastructure.models import resolve_classifier, resolve_speech
from media_pipeline.infrastructure.sandbox.proof import in_force
from media_pipeline.infrastructure.settings import Settings

HERE = Path(__file__).parent


@dataclass
class Cost:
    """What one run took: seconds, CPU seconds of the whole process tree, peak bytes."""

    wall: float
    cpu: float
    memory: int
    scratch: int
    playable: float | None = None


def measured(argv: list[str], scratch: Path, environment: dict[str, str]) -> tuple[Cost, str]:
    """Run a program and watch its tree. Memory is the proportional sum over the tree, sampled five times a second."""
    began = time.monotonic()
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peaks = {"memory": 0, "scratch": 0}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            peaks["memory"] = max(peaks["memory"], tree_memory(process.pid))
            peaks["scratch"] = max(peaks["scratch"], size_of(scratch))

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    over.set()
    watcher.join()
    if status:
        assert process.stderr is not None
        sys.exit(f"{argv[:3]} failed: {process.stderr.read()[-2000:]}")
    wall = time.monotonic() - began
    return Cost(wall, usage.ru_utime + usage.ru_stime, peaks["memory"], peaks["scratch"]), output


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


def make_clip(to: Path, seconds: float, ffmpeg: str) -> None:
    """Real footage and speech at 1080p: the demo clip again and again."""
    short = to.with_name("short.mp4")
    demo.make(short, ffmpeg=ffmpeg)
    argv = [ffmpeg, "-nostdin", "-y", "-v", "error", "-stream_loop", "-1", "-i", str(short), "-t", str(seconds)]
    argv += ["-vf", "scale=1920:1080", "-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-g", "50"]
    subprocess.run([*argv, "-c:a", "aac", "-b:a", "128k", str(to)], check=True)


def ours(clip: Path, work: Path, models: Path) -> Cost:
    home = work / "home"
    environment = {**os.environ, "MEDIA_PIPELINE_HOME": str(home), "MEDIA_PIPELINE_MODELS": str(models)}
    environment.pop("DAGSTER_HOME", None)
    program = str(Path(sys.executable).with_name("media-pipeline"))
    cost, output = measured([program, "process", "--json", str(clip)], home / "scratch", environment)
    answer = json.loads(output)
    assert answer["state"] == "ready", answer
    job = json.loads(subprocess.check_output([program, "status", answer["id"], "--json"], env=environment, text=True))
    began, playable = (datetime.fromisoformat(job[k]) for k in ("received_at", "playable_at"))
    start_up = cost.wall - answer["seconds"]
    cost.playable = (playable - began).total_seconds() + start_up
    left = list((home / "scratch").rglob("*"))
    assert not left, f"scratch is not empty: {left}"
    return cost


def plain(clip: Path, work: Path, models: Path) -> Cost:
    speech = resolve_speech("base", "faster-whisper", cache=models, allow_download=False).path
    classifier = resolve_classifier("efficientnet-lite0", cache=models).path
    out = work / "out"
    argv = [sys.executable, str(HERE / "plain.py"), str(clip), str(out), str(speech), str(classifier)]
    cost, _ = measured(argv, out, dict(os.environ))
    return cost


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--clip", type=Path)
    chosen = options.parse_args()
    settings = Settings()
    with tempfile.TemporaryDirectory() as folder:
        clip = chosen.clip or Path(folder) / "clip.mp4"
        if not chosen.clip:
            make_clip(clip, chosen.seconds, settings.ffmpeg_path)
        costs: dict[str, list[Cost]] = {"ours": [], "plain": []}
        for number in range(chosen.rounds):
            for name, run in (("plain", plain), ("ours", ours)):
                work = Path(folder) / f"{name}-{number}"
                work.mkdir()
                cost = run(clip, work, settings.models_dir)
                costs[name].append(cost)
                print(f"round {number + 1} {name:5}  wall {cost.wall:6.1f} s  cpu {cost.cpu:6.1f} s", flush=True)
                shutil.rmtree(work)
        report(clip, costs)


def report(clip: Path, costs: dict[str, list[Cost]]) -> None:
    """One table, ratios last."""

    def median(name: str, field: str) -> float:
        return statistics.median(getattr(c, field) for c in costs[name])

    print(f"\n{date.today()}, {os.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GiB, {platform.machine()}")
    print(f"clip: {clip.stat().st_size / 1e6:.1f} MB; sandbox: {in_force().mode}; steps: see docs/decisions/0004")
    print("| | plain script | ours | ratio |\n|---|---|---|---|")
    for field, unit, scale in (("wall", "s", 1), ("cpu", "s", 1), ("memory", "MB", 1e6), ("scratch", "MB", 1e6)):
        theirs, mine = median("plain", field) / scale, median("ours", field) / scale
        print(f"| {field} | {theirs:.1f} {unit} | {mine:.1f} {unit} | {mine / theirs:.2f} |")
    print(f"| start to playable | — | {median('ours', 'playable'):.1f} s | — |")
    allowed = 1.10 * median("plain", "wall") + 3
    print(f"\nwall allowed: 1.10 x + 3 s = {allowed:.1f} s; cpu allowed: 1.10 x")


if __name__ == "__main__":
    main()
