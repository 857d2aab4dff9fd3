"""The storyboard: our tiles from keyframes only beside the same tiles from a full decode, on a ten-minute film.

The film is one minute of real footage, encoded once and joined to itself by stream copy. The saving depends on how many
frames there are to a keyframe, so it is measured for several.

    python benchmarks/storyboard.py [--minutes 10] [--rounds 3] [--gop 2 5 10]
    python benchmarks/storyboard.py --film FILE       a film of yours instead
"""

import argparse
import tempfile
from pathlib import Path

from measure import FFMPEG, FFPROBE, Cost, ffmpeg, make_clip, median, rounds, spent, table, where

from media_pipeline.application.thumbnails import MOST_TILES
from media_pipeline.domain.media import MediaInfo
from media_pipeline.infrastructure.ffmpeg.commands import line, looking
from media_pipeline.infrastructure.ffmpeg.tool import Ffmpeg

RATE, WIDTH = 25, 160
TOOL = Ffmpeg(FFMPEG, FFPROBE)


def film(folder: Path, minutes: int, gop_seconds: float) -> Path:
    """1080p, a keyframe at every cut and at least every so many seconds."""
    minute = make_clip(folder / "minute.mp4", 60, gop=round(gop_seconds * RATE))
    joined = folder / "film.mp4"
    ffmpeg("-stream_loop", str(minutes - 1), "-i", str(minute), "-c", "copy", str(joined))
    return joined.rename(folder / line.SOURCE)


def linked(folder: Path, chosen: Path) -> Path:
    source = folder / line.SOURCE
    source.symlink_to(chosen.resolve())
    return source


def keyframes(source: Path, info: MediaInfo, every: float) -> Cost:
    """As the stage does it, sandbox and all."""
    return spent(lambda: TOOL.keyframe_tiles(source, info, interval_seconds=every, width=WIDTH, scratch=source.parent))


def full(source: Path, info: MediaInfo, every: float) -> Cost:
    """The same tiles by a bare ffmpeg that decodes every frame."""
    assert info.video is not None
    wide, high = looking.fitted(info.video, WIDTH)
    chosen = (
        f"select='isnan(prev_selected_t)+gte(t-prev_selected_t,{every - 0.001:.3f})',scale={wide}:{high}:flags=area"
    )
    out = str(source.parent / "full.rgb")
    return spent(
        lambda: ffmpeg("-i", str(source), "-an", "-vf", chosen, "-fps_mode", "passthrough", "-pix_fmt", "rgb24",
                       "-f", "rawvideo", out)
    )  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=int, default=10)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--gop", type=float, nargs="+", default=[2, 5, 10], help="seconds")
    options.add_argument("--film", type=Path)
    chosen = options.parse_args()
    rows = []
    for gop in [None] if chosen.film else chosen.gop:
        with tempfile.TemporaryDirectory() as folder:
            source = film(Path(folder), chosen.minutes, gop) if gop else linked(Path(folder), chosen.film)
            info = TOOL.probe(source)
            assert info.video is not None
            every = info.duration_seconds / MOST_TILES
            runs = {
                "full decode": lambda s=source, i=info, e=every: full(s, i, e),
                "keyframes only": lambda s=source, i=info, e=every: keyframes(s, i, e),
            }
            costs = rounds(chosen.rounds, runs)
        theirs, mine = (median(costs[name], "cpu") for name in runs)
        kind = f"1080p, {gop:g} s" if gop else chosen.film.name
        rows.append([kind, f"{theirs:.1f} s", f"{mine:.2f} s", f"{theirs / mine:.0f} ×", "≥ 20 ×"])
    codec = info.video.codec if info.video else ""
    print(where(f"{info.duration_seconds:.0f} s of {codec}, {MOST_TILES} tiles", f"{chosen.rounds} rounds"))
    print(table(["CPU; film, a keyframe at least every", "full decode", "keyframes only", "less by", "goal"], rows))


if __name__ == "__main__":
    main()
