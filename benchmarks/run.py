"""Our whole `process` beside a plain script that makes the same outputs.

python benchmarks/run.py [--seconds 60] [--rounds 3] [--clip FILE]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from measure import SETTINGS, Cost, make_clip, measured, median, rounds, table, where

from media_pipeline.infrastructure.models import resolve_classifier, resolve_speech

HERE = Path(__file__).parent


def ours(clip: Path, work: Path, models: Path) -> Cost:
    home = work / "home"
    environment = {**os.environ, "MEDIA_PIPELINE_HOME": str(home), "MEDIA_PIPELINE_MODELS": str(models)}
    environment.pop("DAGSTER_HOME", None)
    program = str(Path(sys.executable).with_name("media-pipeline"))
    cost, output = measured([program, "process", "--json", str(clip)], home / "scratch", environment)
    answer = json.loads(output)
    assert answer["state"] == "ready", answer
    told = [p["tool"] for p in answer["manifest"]["provenance"]]
    assert not any("passed through" in tool for tool in told), "the script encodes every rung: choose another clip"
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


def alone(run: Callable[[Path, Path, Path], Cost], clip: Path) -> Cost:
    with tempfile.TemporaryDirectory() as work:
        return run(clip, Path(work), SETTINGS.models_dir)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--clip", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = chosen.clip or make_clip(Path(folder) / "clip.mp4", chosen.seconds)
        size = clip.stat().st_size / 1e6
        costs = rounds(chosen.rounds, {"plain": lambda: alone(plain, clip), "ours": lambda: alone(ours, clip)})
    print(where(f"clip of {size:.1f} MB", f"{chosen.rounds} rounds", "steps: see docs/decisions/0004"))
    rows = []
    for field, unit, scale in (("wall", "s", 1), ("cpu", "s", 1), ("memory", "MB", 1e6), ("scratch", "MB", 1e6)):
        theirs, mine = median(costs["plain"], field) / scale, median(costs["ours"], field) / scale
        rows.append([field, f"{theirs:.1f} {unit}", f"{mine:.1f} {unit}", f"{mine / theirs:.2f}"])
    rows.append(["start to playable", "—", f"{median(costs['ours'], 'playable'):.1f} s", "—"])
    print(table(["", "plain script", "ours", "ratio"], rows))
    allowed = 1.10 * median(costs["plain"], "wall") + 3
    print(f"\nwall allowed: 1.10 x + 3 s = {allowed:.1f} s; cpu allowed: 1.10 x")


if __name__ == "__main__":
    main()
