"""The Packager adapter: Shaka Packager writes HLS and DASH over one set of CMAF files.

One file a rendition, addressed by byte range: the objects of a ladder stay few, and a player, a CDN and a store all
know ranges. It reads only what our own ffmpeg made.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from media_pipeline.application.ports import Packaged, PackagingInput
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.playlists import default_audio
from media_pipeline.domain.profile import StreamRecipe
from media_pipeline.infrastructure.ffmpeg import runner
from media_pipeline.infrastructure.ffmpeg.runner import Limits, ToolFailed
from media_pipeline.infrastructure.sandbox.modes import Choice

HLS = "master.m3u8"
DASH = "manifest.mpd"


@dataclass(frozen=True)
class ShakaPackager:
    """The program at `path`."""

    path: str
    sandbox: Choice = "auto"

    @cached_property
    def build(self) -> str:
        with runner.temporary() as scratch:
            limits = Limits(wall_seconds=30)
            output = runner.run([self.path, "--version"], scratch=scratch, limits=limits, sandbox=self.sandbox)
        words = output.stdout.decode("utf-8", "replace").split()
        return f"shaka-packager {words[2]}"

    def package(self, inputs: Sequence[PackagingInput], *, recipe: StreamRecipe, scratch: Path) -> Packaged:
        """Writes below `scratch`/packaged. Raises Unavailable(TOOL_CRASH) when the packager refuses our file."""
        out = scratch / "packaged"
        out.mkdir()
        try:
            argv, limits = command(self.path, inputs, recipe), Limits(wall_seconds=3600)
            runner.run(argv, scratch=out, limits=limits, reads=[scratch], sandbox=self.sandbox)
        except ToolFailed as failed:
            message = "The renditions could not be packaged."
            raise Unavailable(QuarantineCode.TOOL_CRASH, message, detail=str(failed)) from failed
        master = out / HLS
        preferred = next((i.label for i in inputs if i.kind == "audio" and i.default), None)
        master.write_text(default_audio(master.read_text(), preferred))
        playlists = [f"{i.name}.m3u8" for i in inputs]
        longest = max(longest_segment((out / name).read_text()) for name in playlists)
        files = tuple(sorted(p.name for p in out.iterdir()))
        return Packaged(hls=HLS, dash=DASH, files=files, longest_segment_seconds=longest)


def command(path: str, inputs: Sequence[PackagingInput], recipe: StreamRecipe) -> list[str]:
    """One descriptor a track. Names are ours; the packager splits descriptors at commas."""
    return [
        path,
        "--quiet",
        *[_descriptor(i) for i in inputs],
        f"--segment_duration={recipe.segment_seconds:g}",
        f"--fragment_duration={recipe.segment_seconds:g}",
        "--segment_sap_aligned",
        "--hls_playlist_type=VOD",
        f"--hls_master_playlist_output={HLS}",
        f"--mpd_output={DASH}",
    ]


def longest_segment(playlist: str) -> float:
    """Seconds."""
    return max((float(s) for s in re.findall(r"#EXTINF:([\d.]+)", playlist)), default=0.0)


def _descriptor(track: PackagingInput) -> str:
    fields = {
        "in": str(track.path),
        "stream": track.kind,
        "output": f"{track.name}.mp4",
        "playlist_name": f"{track.name}.m3u8",
    }
    if track.kind == "video":
        fields["iframe_playlist_name"] = f"{track.name}-iframes.m3u8"
    else:
        fields |= {"hls_group_id": "audio", "hls_name": track.label}
        fields["dash_roles"] = "main" if track.default else "alternate"
        if track.language != "und":  # the packager knows every language but the unknown one
            fields["language"] = track.language
    return ",".join(f"{name}={value}" for name, value in fields.items())
