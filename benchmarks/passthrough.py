"""A standard source passed through beside the same source encoded: seconds to *playable*, and what the whole run costs.

python benchmarks/passthrough.py [--seconds 60] [--rounds 1] [--clip FILE]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from functools import partial
from pathlib import Path

import yaml
from measure import SETTINGS, Cost, ffmpeg, make_clip, measured, median, rounds, table, where

from media_pipeline.infrastructure.recipes import PACKAGED


def run(clip: Path, *, passthrough: bool, made: dict[bool, int]) -> Cost:
    """One `process` of the default profile, with an empty home; the bytes of the top rung go to `made`."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        recipes = yaml.safe_load(PACKAGED.read_text())
        recipes["profiles"]["default"]["passthrough"] = passthrough
        (home / "recipes.yaml").write_text(yaml.safe_dump(recipes))
        environment = {
            **os.environ, "MEDIA_PIPELINE_HOME": folder, "MEDIA_PIPELINE_MODELS": str(SETTINGS.models_dir),
            "MEDIA_PIPELINE_RECIPES": str(home / "recipes.yaml"),
        }  # fmt: skip
        environment.pop("DAGSTER_HOME", None)
        program = [str(Path(sys.executable).with_name("media-pipeline"))]
        cost, output = measured([*program, "process", "--json", str(clip)], home / "scratch", environment)
        answer = json.loads(output)
        assert answer["state"] == "ready", answer
        told = [p["tool"] for p in answer["manifest"]["provenance"] if p["output"].startswith("transcodes/")]
        assert any("passed through" in tool for tool in told) is passthrough, told
        job = json.loads(subprocess.check_output([*program, "status", answer["id"], "--json"], env=environment))
    began, playable = (datetime.fromisoformat(job[k]) for k in ("received_at", "playable_at"))
    cost.playable = (playable - began).total_seconds() + cost.wall - answer["seconds"]
    made[passthrough] = answer["manifest"]["renditions"][0]["bytes"]
    return cost


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--clip", type=Path)
    chosen = options.parse_args()
    made: dict[bool, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        clip = (chosen.clip or standard(Path(folder), chosen.seconds)).resolve()
        size = clip.stat().st_size / 1e6
        sides = {name: partial(run, clip, passthrough=name == "passed through", made=made)
                 for name in ("encoded", "passed through")}  # fmt: skip
        costs = rounds(chosen.rounds, sides)
    rows = []
    for field, told in (("playable", "from start to *playable*"), ("wall", "from start to *ready*"), ("cpu", "CPU")):
        before, after = (median(costs[side], field) for side in sides)
        rows.append([told, f"{before:.1f} s", f"{after:.1f} s", f"{after / before:.2f}"])
    before, after = made[False] / 1e6, made[True] / 1e6
    rows.append(["top rung", f"{before:.1f} MB", f"{after:.1f} MB", f"{after / before:.2f}"])
    print(where(f"clip of {size:.1f} MB", f"{chosen.rounds} rounds", "profile default"))
    print(table(["", "encoded", "passed through", "ratio"], rows))


def standard(folder: Path, seconds: float) -> Path:
    """Real footage as an editor exports it: 1080p, H.264 High, a keyframe every 2 s, bits within the rung's ceiling."""
    rough = make_clip(folder / "rough.mp4", seconds)
    clip = folder / "clip.mp4"
    rate = ["-b:v", "4M", "-maxrate", "5M", "-bufsize", "8M", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0"]
    ffmpeg("-i", str(rough), "-c:v", "libx264", "-preset", "veryfast", "-r", "25", *rate, "-c:a", "copy", str(clip))
    return clip


if __name__ == "__main__":
    main()
