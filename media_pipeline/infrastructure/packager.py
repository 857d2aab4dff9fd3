"""The Packager adapter: Shaka Packager writes HLS and DASH over one set of CMAF files.

One file a rendition, addressed by byte range: the objects of a ladder stay few, and a player, a CDN and a store all
know ranges. It reads only what our own ffmpeg and our own WebVTT writer made.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from media_pipeline.application.ports.tools import Packaged, PackagingInput
from media_pipeline.domain import conformance, playlists
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.language import UNKNOWN
from media_pipeline.infrastructure.ffmpeg import runner
from media_pipeline.infrastructure.ffmpeg.runner import Limits, ToolFailed
from media_pipeline.infrastructure.sandbox.modes import Choice
from media_pipeline.infrastructure.sandbox.proof import in_force
from media_pipeline.infrastructure.tracing import traced

HLS = "master.m3u8"
DASH = "manifest.mpd"
_ROLES = {"audio": ("main", "alternate"), "text": ("subtitle", "subtitle")}
"""the DASH role of the track that a player begins with, and of the others"""


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
        return f"shaka-packager {words[2]} ({in_force(self.sandbox).mode})"

    @traced("package")
    def package(self, inputs: Sequence[PackagingInput], *, segment_seconds: float, scratch: Path) -> Packaged:
        """Raises Unavailable(TOOL_CRASH) when the packager refuses our file."""
        out = Path(tempfile.mkdtemp(prefix="packaged-", dir=scratch))
        try:
            argv, limits = command(self.path, inputs, segment_seconds), Limits(wall_seconds=3600)
            runner.run(argv, scratch=out, limits=limits, reads=[scratch], sandbox=self.sandbox)
        except ToolFailed as failed:
            message = "The renditions could not be packaged."
            raise Unavailable(QuarantineCode.TOOL_CRASH, message, detail=str(failed)) from failed
        preferred = next((i.label for i in inputs if i.kind == "audio" and i.default), None)
        longest = max(conformance.parsed((out / f"{i.name}.m3u8").read_text()).seconds for i in inputs)
        master, mpd = out / HLS, out / DASH
        master.write_text(
            playlists.hls_packaged(
                master.read_text(), preferred_audio=preferred, media=lambda uri: (out / uri).read_text()
            )
        )
        mpd.write_text(playlists.dash_packaged(mpd.read_text(), duration_seconds=longest))
        return Packaged(directory=out, hls=HLS, dash=DASH, files=tuple(sorted(p.name for p in out.iterdir())))


def command(path: str, inputs: Sequence[PackagingInput], segment_seconds: float) -> list[str]:
    """One descriptor a track. Names are ours; the packager splits descriptors at commas."""
    return [
        path,
        "--quiet",
        *[_descriptor(i) for i in inputs],
        f"--segment_duration={segment_seconds:g}",
        f"--fragment_duration={segment_seconds:g}",
        "--segment_sap_aligned",
        "--allow_codec_switching",  # keyframes are the same in all codecs: a DASH player may go from one to another
        "--default_text_zero_bias_ms=86400000",  # the first cue may come late; its track begins with the media
        "--hls_playlist_type=VOD",
        f"--hls_master_playlist_output={HLS}",
        f"--mpd_output={DASH}",
    ]


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
        # Without a label, tracks of one language and role would become bitrates of one another in DASH.
        fields |= {"hls_group_id": track.kind, "hls_name": track.label, "dash_label": track.label}
        main, other = _ROLES[track.kind]
        fields["dash_roles"] = main if track.default else other
        if track.language != UNKNOWN:  # the packager knows every language but the unknown one
            fields["language"] = track.language
    return ",".join(f"{name}={value}" for name, value in fields.items())
