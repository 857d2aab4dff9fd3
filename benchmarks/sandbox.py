"""What a call costs in each mode of the sandbox, beside a bare subprocess, in one run.

    python benchmarks/sandbox.py [--rounds 30]

The call is ffprobe's `-version`, which does next to nothing, so that what is measured is the sandbox; and the encode of
a short clip, to show what is left of it in real work. Rounds alternate over the modes; medians are compared.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from media_pipeline.infrastructure.ffmpeg import runner
from media_pipeline.infrastructure.ffmpeg.runner import Limits
from media_pipeline.infrastructure.sandbox.modes import Choice, Mode
from media_pipeline.infrastructure.sandbox.proof import shortcoming
from media_pipeline.infrastructure.settings import Settings

BARE = "bare"


def main(rounds: int) -> None:
    settings = Settings()
    modes: dict[str, Choice] = {}
    for mode in Mode:
        why = shortcoming(mode)
        if why:
            print(f"{mode}: does not hold here: {why}")
        else:
            modes[mode.value] = mode.value
    clip = ["-f", "lavfi", "-i", "testsrc2=duration=10:size=1280x720:rate=25"]
    encode = [settings.ffmpeg_path, "-nostdin", "-v", "error", "-y", *clip, "-c:v", "libx264", "-threads", "1"]
    report("ffprobe -version", [settings.ffprobe_path, "-version"], modes, rounds)
    report("encode of 10 s of 720p", [*encode, "-preset", "veryfast", "out.mp4"], modes, max(3, rounds // 10))


def report(name: str, argv: list[str], modes: dict[str, Choice], rounds: int) -> None:
    print(f"\n{name}, {rounds} rounds")
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        calls: dict[str, Callable[[], object]] = {BARE: lambda: bare(argv, scratch)}
        for mode, choice in modes.items():
            calls[mode] = confined(argv, scratch, choice)
        times: dict[str, list[float]] = {mode: [] for mode in calls}
        for call in calls.values():
            call()  # once for the caches, and for the proof of the mode
        for _ in range(rounds):
            for mode, call in calls.items():
                began = time.perf_counter()
                call()
                times[mode].append(time.perf_counter() - began)
    usual = statistics.median(times[BARE])
    for mode, taken in times.items():
        median = statistics.median(taken)
        more = (median - usual) * 1000
        print(f"{mode:>12}: {median * 1000:8.1f} ms   {more:+7.1f} ms   {median / usual:6.2f} × bare")


def bare(argv: list[str], scratch: Path) -> None:
    subprocess.run(argv, cwd=scratch, stdin=subprocess.DEVNULL, capture_output=True, check=True)


def confined(argv: list[str], scratch: Path, sandbox: Choice) -> Callable[[], object]:
    return lambda: runner.run(argv, scratch=scratch, limits=Limits(wall_seconds=600), sandbox=sandbox)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=30)
    main(parser.parse_args().rounds)
