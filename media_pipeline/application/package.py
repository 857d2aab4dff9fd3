"""HLS and DASH over the same CMAF files: from here on the media can be played."""

import time
from collections.abc import Sequence
from pathlib import Path

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.ports import Packager, PackagingInput
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.playlists import language_name
from media_pipeline.domain.profile import Recipes, fingerprint
from media_pipeline.domain.results import AudioTracks, Made, NotMade, PackagedTrack, Rendition, Source, Stream


def package(
    source: Source,
    renditions: Sequence[Rendition],
    audio: AudioTracks | NotMade,
    *,
    recipes: Recipes,
    shelf: Shelf,
    packager: Packager,
    scratch: Path,
) -> Stream:
    """Package every rendition and track that was made. `renditions` are largest first.

    Raises Unavailable(INTERNAL) when there is neither.
    """
    began = time.monotonic()
    recipe = recipes.stream[recipes.profiles[source.profile].stream]
    inputs = _inputs(renditions, audio, shelf=shelf, scratch=scratch)
    if not inputs:
        raise Unavailable(QuarantineCode.INTERNAL, "There is neither picture nor sound to package.")
    packaged = packager.package(inputs, recipe=recipe, scratch=scratch)
    files = {name: scratch / "packaged" / name for name in packaged.files}
    sizes = {name: path.stat().st_size for name, path in files.items()}
    kept = shelf.keep(source.upload, "stream", files)
    return Stream(
        hls=kept[packaged.hls],
        dash=kept[packaged.dash],
        renditions=tuple(_packaged(r, sizes[f"video-{r.rung}.mp4"]) for r in renditions),
        longest_segment_seconds=packaged.longest_segment_seconds,
        made=Made(fingerprint(recipe), packager.build, None, round(time.monotonic() - began, 3)),
    )


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
    labels = track_labels([t.language for t in tracks])
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


def track_labels(languages: Sequence[str]) -> list[str]:
    """What a player's menu calls each track: its language, numbered where that is not enough.

    >>> track_labels(["en", "und", "en"])
    ['English', 'Audio', 'English 2']
    """
    names = [language_name(code) if code != "und" else "Audio" for code in languages]
    return [name if names.index(name) == i else f"{name} {names[: i + 1].count(name)}" for i, name in enumerate(names)]


def _packaged(rendition: Rendition, size: int) -> PackagedTrack:
    return PackagedTrack(
        name=rendition.rung,
        codec=rendition.codec,
        width=rendition.width,
        height=rendition.height,
        bitrate=round(size * 8 / rendition.duration_seconds) if rendition.duration_seconds else 0,
        bytes=size,
    )
