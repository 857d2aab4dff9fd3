"""Bytes at equal quality: our capped CRF beside fixed bitrates, over scenes of real footage.

Each scene is encoded once as our ladder does and at several average bitrates with the same encoder and preset; VMAF is
the mean over the picture at the rung's size (the default model of libvmaf, in the packaged ffmpeg). Between the
bitrates the logarithm of the rate is interpolated. Then a ladder of fixed bitrates needs, for each scene to look as
good as ours, either a rate of its own for each scene (which nobody knows beforehand) or one rate that is enough for
all.

    python benchmarks/quality.py [--film FILE] [--scenes 12] [--rung 720p]

Without a film (a long one shows most) the scenes are those of the demo's packages.
"""

import argparse
import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from measure import FFMPEG, FFPROBE, ffmpeg, table, where

from media_pipeline.cli import demo
from media_pipeline.domain.profile import PlannedRendition, ladder
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.ffmpeg.commands import line
from media_pipeline.infrastructure.ffmpeg.tool import Ffmpeg

RECIPES = recipes.load(recipes.PACKAGED)
SECONDS = 5
SHARES = (0.06, 0.12, 0.25, 0.5, 1.0)
"""of the rung's ceiling: the fixed bitrates tried"""
TOOL = Ffmpeg(FFMPEG, FFPROBE)


@dataclass(frozen=True, slots=True)
class Point:
    """An encode: bits a second, mean VMAF and its 5th percentile."""

    rate: float
    vmaf: float
    low: float


def scenes(folder: Path, film: Path | None, count: int) -> list[Path]:
    """Some seconds each, all but lossless, spread evenly over the film."""
    keep = ["-an", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "4", "-pix_fmt", "yuv420p"]
    cuts: list[tuple[Path, float]]
    if film:
        length = TOOL.probe(linked(folder / "film", film)).duration_seconds
        cuts = [(film, length * (i + 0.5) / count) for i in range(count)]
    else:
        bunny, bikes = (demo.packaged_file(*p) for p in demo.PICTURES)
        cuts = [(bunny, 0), (bikes, 0), (bikes, SECONDS)]
    made = []
    for i, (path, at) in enumerate(cuts):
        place = folder / f"scene-{i}"
        place.mkdir()
        raw = place / "raw.mp4"
        ffmpeg("-ss", str(at), "-i", str(path), "-t", str(SECONDS), *keep, str(raw))
        made.append(raw.rename(place / line.SOURCE))
    return made


def linked(folder: Path, file: Path) -> Path:
    folder.mkdir()
    (folder / line.SOURCE).symlink_to(file.resolve())
    return folder / line.SOURCE


def measured(scene: Path, rung: str) -> tuple[PlannedRendition, Point, list[Point]]:
    """The rung of this scene as we make it, and at fixed bitrates."""
    info = TOOL.probe(scene)
    assert info.video is not None
    (plan,) = ladder(info.video, [RECIPES.rungs[rung]])
    work, audio, stream = scene.parent, RECIPES.audio["aac"], RECIPES.stream["cmaf"]
    TOOL.encode(scene, info, [plan], (), audio=audio, stream=stream, scratch=work, progress=lambda _: None)
    ours = point(scene, work / "v0.mp4", plan)
    fixed = []
    for share in SHARES:
        rate = round(plan.rung.max_bitrate * share)
        out = work / "fixed.mp4"
        forced = f"expr:gte(t,n_forced*{stream.gop_seconds:g})"
        ffmpeg("-i", str(scene), "-vf", f"scale={plan.width}:{plan.height}:flags=bicubic", "-c:v", "libx264",
               "-preset", plan.rung.preset, "-b:v", str(rate), "-maxrate", str(2 * rate), "-bufsize", str(4 * rate),
               "-sc_threshold", "0", "-g", "100000", "-force_key_frames", forced, str(out))  # fmt: skip
        fixed.append(point(scene, out, plan))
    return plan, ours, fixed


def point(scene: Path, encoded: Path, plan: PlannedRendition) -> Point:
    """Measured against the scene at the rung's size. Both are tagged alike, or ffmpeg converts the one without tags to
    the colours of the other, wrongly, before it compares: 8 points of VMAF were seen to be lost so."""
    log = scene.parent / "vmaf.json"
    tagged = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv,setpts=PTS-STARTPTS"
    graph = (
        f"[1:v]{tagged},scale={plan.width}:{plan.height}:flags=bicubic[r];[0:v]{tagged}[e];"
        f"[e][r]libvmaf=log_fmt=json:log_path={log.name}:n_subsample=2:n_threads=2"
    )
    argv = ["-i", str(encoded), "-i", str(scene), "-lavfi", graph, "-f", "null", "-"]
    ffmpeg(*argv, cwd=scene.parent)
    frames = sorted(f["metrics"]["vmaf"] for f in json.loads(log.read_text())["frames"])
    mean, low = sum(frames) / len(frames), frames[len(frames) // 20]
    return Point(encoded.stat().st_size * 8 / SECONDS, mean, low)


def needed(fixed: Sequence[Point], vmaf: float) -> float:
    """Bits a second at which a fixed bitrate looks so good, by the two points around it."""
    ordered = sorted(fixed, key=lambda p: p.rate)
    below, above = next((pair for pair in pairwise(ordered) if vmaf <= pair[1].vmaf), (ordered[-2], ordered[-1]))
    share = (vmaf - below.vmaf) / max(above.vmaf - below.vmaf, 0.01)
    return math.exp(math.log(below.rate) + share * (math.log(above.rate) - math.log(below.rate)))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--film", type=Path)
    options.add_argument("--scenes", type=int, default=12)
    options.add_argument("--rung", default="720p")
    chosen = options.parse_args()
    rows, rates, enough = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for i, scene in enumerate(scenes(Path(folder), chosen.film, chosen.scenes)):
            plan, ours, fixed = measured(scene, chosen.rung)
            same = needed(fixed, ours.vmaf)
            rates.append(ours.rate)
            enough.append(same)
            size, kilobits = f"{plan.width}×{plan.height}", f"{ours.rate / 1000:.0f}"
            rows.append([f"{i + 1}", size, kilobits, f"{ours.vmaf:.1f}", f"{ours.low:.1f}", f"{same / 1000:.0f}"])
            print(" ".join(rows[-1]), flush=True)
    print(where(f"{len(rows)} scenes of {SECONDS} s", f"rung {chosen.rung}"))
    print(table(["scene", "size", "ours, kbit/s", "VMAF", "5th percentile", "fixed for the same VMAF, kbit/s"], rows))
    print(f"\nours beside a fixed rate of its own for each scene: {sum(rates) / sum(enough):.2f} of the bytes")
    print(
        f"ours beside one rate that is enough for every scene: {sum(rates) / len(rates) / max(enough):.2f} of the bytes"
    )


if __name__ == "__main__":
    main()
