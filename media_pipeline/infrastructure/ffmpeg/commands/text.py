"""The command line that takes out an embedded text track."""

import ffmpeg

from media_pipeline.domain.media import MediaInfo, TextStream
from media_pipeline.infrastructure.ffmpeg.commands import line

TEXT = "text.ass"


def text(ffmpeg_path: str, info: MediaInfo, stream: TextStream, *, most_bytes: int) -> list[str]:
    """One embedded text track as text.ass, the one form that every decoder of text gives without loss; cut off just
    above a size that no honest track has."""
    track = line.source(info, threads=1)[str(stream.index)]
    options = {"format": "ass", "c:s": "ass", "fs": most_bytes + 1, "map_metadata": -1}
    return line.compiled(ffmpeg_path, [ffmpeg.output(track, TEXT, **options)])
