"""The command line that compares renditions with what they were made of."""

from collections.abc import Sequence

import ffmpeg

from media_pipeline.infrastructure.ffmpeg import filters
from media_pipeline.infrastructure.ffmpeg.commands import line
from media_pipeline.infrastructure.ffmpeg.commands.encoding import REFERENCE

_COMPARED_EVERY = 3
"""frames: neighbours look alike"""


def likeness(
    ffmpeg_path: str,
    videos: Sequence[tuple[str, int, int]],
    *,
    rate: float,
    passages: Sequence[range],
    threads: int,
) -> list[str]:
    """Compare renditions (name, width, height; largest first) with REFERENCE, each at its own size, to vmaf<i>.json.
    Only the passages are decoded."""
    # Both sides in the same words: ffmpeg converts the one that seems to be in another colour space.
    reference = filters.tagged(ffmpeg.input(REFERENCE, threads=threads)).filter("setpts", "N/25/TB")
    outputs = []
    sizes = [(width, height) for _, width, height in videos]
    for i, ((name, _, _), original) in enumerate(zip(videos, filters.cascade(reference, sizes), strict=True)):
        # Half a frame early: times are rounded. `trim` by count, because both sides must have the same frames.
        parts = [
            ffmpeg.input(
                name, threads=threads, ss=f"{max(0.0, (p.start - 0.5) / rate):.6f}", t=f"{(len(p) + 1) / rate:.6f}"
            ).filter("trim", end_frame=len(p))
            for p in passages
        ]
        made = ffmpeg.concat(*parts) if len(parts) > 1 else parts[0]
        compared = ffmpeg.filter(
            [filters.tagged(made).filter("setpts", "N/25/TB"), original], "libvmaf", feature="name=psnr",
            log_fmt="json", log_path=f"vmaf{i}.json", n_subsample=_COMPARED_EVERY, n_threads=threads,
        )  # fmt: skip
        outputs.append(ffmpeg.output(compared, "-", format="null"))
    return line.compiled(ffmpeg_path, outputs)
