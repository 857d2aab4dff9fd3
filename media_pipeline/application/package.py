"""HLS and DASH over the same CMAF files: from here on the media can be played."""

import time
from collections.abc import Sequence
from pathlib import Path

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.ports.tools import MediaTool, Packaged, Packager, PackagingInput
from media_pipeline.domain import conformance, segments
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.language import UNKNOWN, track_labels
from media_pipeline.domain.profile import Recipes, StreamRecipe, fingerprint
from media_pipeline.domain.results import AudioTracks, Made, NotMade, PackagedTrack, Rendition, Source, Stream

MP4 = "media.mp4"
TEXT_SEGMENT_SECONDS = 60.0
"""cues are small: fewer requests"""


def package(
    source: Source,
    renditions: Sequence[Rendition],
    audio: AudioTracks | NotMade,
    *,
    recipes: Recipes,
    shelf: Shelf,
    packager: Packager,
    tool: MediaTool,
    scratch: Path,
) -> Stream:
    """Package every rendition and track that was made; and one MP4, if the profile wants it. `renditions` are largest
    first.

    Raises Unavailable(INTERNAL) when there is neither.
    """
    began = time.monotonic()
    profile = recipes.profiles[source.profile]
    recipe = recipes.stream[profile.stream]
    inputs = _inputs(renditions, audio, shelf=shelf, scratch=scratch)
    if not inputs:
        raise Unavailable(QuarantineCode.INTERNAL, "There is neither picture nor sound to package.")
    packaged = packager.package(inputs, segment_seconds=_asked(renditions, recipe), scratch=scratch)
    best = next((i for i, r in zip(inputs, renditions, strict=False) if r.codec == "h264"), None)
    sound = next((i for i in inputs if i.kind == "audio" and i.default), None)
    files = {name: packaged.directory / name for name in packaged.files}
    sizes = {name: path.stat().st_size for name, path in files.items()}
    texts = {name: path.read_text() for name, path in files.items() if path.suffix == ".m3u8"}
    media = [conformance.parsed(texts[f"{i.name}.m3u8"]) for i in inputs]
    if profile.mp4 and (best or not renditions):
        files[MP4] = tool.join([i.path for i in (best, sound) if i], scratch=scratch)
    kept = shelf.keep(source.upload, "stream", files)
    return Stream(
        hls=kept[packaged.hls],
        dash=kept[packaged.dash],
        renditions=tuple(_packaged(r, sizes[f"video-{r.rung}.mp4"]) for r in renditions),
        longest_segment_seconds=max(segment.seconds for playlist in media for segment in playlist.segments),
        misalignment_seconds=conformance.misalignment_seconds([texts[f"video-{r.rung}.m3u8"] for r in renditions]),
        faults=conformance.faults(texts[packaged.hls], texts.__getitem__, sizes),
        made=Made(fingerprint(recipe), packager.build, None, round(time.monotonic() - began, 3)),
        mp4=kept.get(MP4),
    )


def _asked(renditions: Sequence[Rendition], recipe: StreamRecipe) -> float:
    """Rungs that follow the keyframes of a copy have them where nobody planned."""
    copy = next((r for r in renditions if r.passed_through), None)
    if copy is None:
        return recipe.segment_seconds
    return segments.fitting(copy.keyframes, copy.duration_seconds, target=recipe.segment_seconds)


def package_text(vtt: Path, language: str, *, packager: Packager, scratch: Path) -> Packaged:
    """One WebVTT file as fragmented MP4 with an MPD of its own: DASH players find cues there as they find sound.

    What a menu calls it is known only beside other tracks: whoever names it in a manifest says so there.

    Its files are named after `vtt`, whose stem holds letters, digits and "-" only.
    """
    track = PackagingInput(vtt, "text", vtt.stem, UNKNOWN, language, default=False)
    return packager.package([track], segment_seconds=TEXT_SEGMENT_SECONDS, scratch=scratch)


def _inputs(
    renditions: Sequence[Rendition], audio: AudioTracks | NotMade, *, shelf: Shelf, scratch: Path
) -> list[PackagingInput]:
    def local(key: str, name: str) -> Path:
        path = scratch / name
        shelf.store.fetch(shelf.bucket, key, path)
        return path

    inputs = [
        PackagingInput(local(r.key, f"in-{r.rung}.mp4"), "video", f"video-{r.rung}", "", "", default=False)
        for r in renditions
    ]
    tracks = audio.tracks if isinstance(audio, AudioTracks) else ()
    labels = track_labels([t.language for t in tracks], unknown="Audio")
    preferred = next((i for i, t in enumerate(tracks) if t.default), 0)
    return inputs + [
        PackagingInput(
            local(t.key, f"in-audio-{i}.mp4"),
            "audio",
            f"audio-{i}-{t.language}",
            labels[i],
            t.language,
            default=i == preferred,
        )
        for i, t in enumerate(tracks)
    ]


def _packaged(rendition: Rendition, size: int) -> PackagedTrack:
    return PackagedTrack(
        name=rendition.rung,
        codec=rendition.codec,
        width=rendition.width,
        height=rendition.height,
        bitrate=round(size * 8 / rendition.duration_seconds) if rendition.duration_seconds else 0,
        bytes=size,
    )
