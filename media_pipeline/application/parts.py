"""What was made of an upload so far, gathered from the results, and the manifest that tells of it."""

from dataclasses import dataclass, replace

from media_pipeline.application.edit_subtitles import EDITS
from media_pipeline.application.embedded_subtitles import RESULT as EMBEDDED
from media_pipeline.application.ports.results import Results
from media_pipeline.domain import keys, quality
from media_pipeline.domain.manifest import (
    Chapter,
    Check,
    Manifest,
    ManifestAudio,
    ManifestRendition,
    ManifestSubtitles,
    Provenance,
    Storyboard,
)
from media_pipeline.domain.profile import Profile, Recipes
from media_pipeline.domain.results import (
    AudioTracks,
    EmbeddedSubtitles,
    Made,
    NotMade,
    Rendition,
    Source,
    Stream,
    Subtitles,
    SubtitleTrack,
    Tags,
    Thumbnails,
)
from media_pipeline.domain.subtitle_tracks import chosen
from media_pipeline.domain.upload import Upload


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything made from one upload so far."""

    source: Source
    renditions: tuple[Rendition, ...]
    audio: AudioTracks | None
    stream: Stream
    thumbnails: Thumbnails | None
    subtitles: tuple[SubtitleTrack, ...]
    spoken: Subtitles | None
    embedded: EmbeddedSubtitles | None
    tags: Tags | None


def gathered(upload: Upload, *, recipes: Recipes, results: Results) -> Parts | NotMade:
    """The results that exist; NotMade before picture and sound are packaged."""
    source = results.load(upload, "source", Source)
    stream = results.load(upload, "stream", Stream)
    if not isinstance(source, Source) or not isinstance(stream, Stream):
        return NotMade("picture and sound are not packaged yet")
    audio = results.load(upload, "audio", AudioTracks)
    thumbnails = results.load(upload, "thumbnails", Thumbnails)
    spoken = results.load(upload, "subtitles", Subtitles)
    spoken = spoken if isinstance(spoken, Subtitles) else None
    embedded = results.load(upload, EMBEDDED, EmbeddedSubtitles)
    embedded = embedded if isinstance(embedded, EmbeddedSubtitles) else None
    edited = results.load_all(upload, EDITS, SubtitleTrack)
    tags = results.load(upload, "ai_tags", Tags)
    made = made_renditions(upload, recipes.profiles[source.profile], results=results)
    packaged = {r.name for r in stream.renditions}
    return Parts(
        source=source,
        renditions=tuple(r for r in made if r.rung in packaged),
        audio=audio if isinstance(audio, AudioTracks) else None,
        stream=stream,
        thumbnails=thumbnails if isinstance(thumbnails, Thumbnails) else None,
        subtitles=chosen(edited, embedded.tracks if embedded else (), spoken.track if spoken else None),
        spoken=spoken,
        embedded=embedded,
        tags=tags if isinstance(tags, Tags) else None,
    )


def made_renditions(upload: Upload, profile: Profile, *, results: Results) -> tuple[Rendition, ...]:
    """What was made of a profile's rungs, largest first. A rung may be absent: that is a value, not an error."""
    rungs = [results.load(upload, f"transcodes/{name}", Rendition) for name in profile.rungs]
    return tuple(sorted((r for r in rungs if isinstance(r, Rendition)), key=lambda r: -r.width * r.height))


def manifest_of(parts: Parts, recipes: Recipes, *, revision: int, hls: str, dash: str) -> Manifest:
    """The manifest of these parts; `hls` and `dash` are keys."""
    upload, info = parts.source.upload, parts.source.info
    shown = parts.thumbnails

    def path(key: str) -> str:
        return keys.relative_to_manifest(upload.media_id, key)

    return Manifest(
        schema_version="1.0",
        id=upload.media_id,
        version=upload.version,
        revision=revision,
        kind=info.kind,
        duration_seconds=info.duration_seconds,
        display_width=info.video.display_width if info.video else None,
        display_height=info.video.display_height if info.video else None,
        frame_rate=_rate(parts),
        hls=path(hls),
        dash=path(dash),
        mp4=path(parts.stream.mp4) if parts.stream.mp4 else None,
        renditions=tuple(
            ManifestRendition(r.name, r.codec, r.width, r.height, r.bitrate, r.bytes) for r in parts.stream.renditions
        ),
        audio=tuple(
            ManifestAudio(t.language, t.channels, t.codec, t.loudness_lufs)
            for t in (parts.audio.tracks if parts.audio else ())
        ),
        poster=path(shown.poster) if shown else None,
        storyboard=Storyboard(path(shown.storyboard_vtt), tuple(path(i) for i in shown.storyboard_images))
        if shown
        else None,
        preview=path(shown.preview) if shown else None,
        subtitles=tuple(
            ManifestSubtitles(
                t.language, t.kind, t.origin, path(t.vtt), path(t.srt), path(t.words) if t.words else None
            )
            for t in parts.subtitles
        ),
        tags=parts.tags.tags if parts.tags else (),
        scenes=parts.tags.scenes if parts.tags else (),
        chapters=tuple(Chapter(c.start, c.end, f"Chapter {i}") for i, c in enumerate(info.chapters, start=1)),
        checks=_checks(parts, recipes),
        provenance=_provenance(parts),
        warnings=(*(parts.audio.warnings if parts.audio else ()), *(parts.embedded.warnings if parts.embedded else ())),
    )


def _rate(parts: Parts) -> str | None:
    return parts.renditions[0].frame_rate if parts.renditions else None


def _checks(parts: Parts, recipes: Recipes) -> tuple[Check, ...]:
    profile = recipes.profiles[parts.source.profile]
    gate = recipes.gate(profile.name)
    named = [(f"transcodes/{r.rung}", quality.rendition(r, parts.source, gate)) for r in parts.renditions]
    if parts.audio:
        named.append(("audio", quality.audio(parts.audio, recipes.audio[profile.audio])))
    named.append(
        ("stream", quality.stream(parts.stream, parts.renditions, parts.audio, recipes.stream[profile.stream]))
    )
    if parts.subtitles:
        named.append(("subtitles", quality.subtitles(parts.subtitles, parts.source)))
    return tuple(replace(check, name=f"{asset}:{check.name}") for asset, checks in named for check in checks)


def _provenance(parts: Parts) -> tuple[Provenance, ...]:
    made: list[tuple[str, Made]] = [("source", parts.source.made)]
    made += [(f"transcodes/{r.rung}", r.made) for r in parts.renditions]
    extras = (("audio", parts.audio), ("stream", parts.stream), ("thumbnails", parts.thumbnails))
    made += [(name, part.made) for name, part in extras if part]
    more = (("subtitles", parts.spoken), (EMBEDDED, parts.embedded), ("ai_tags", parts.tags))
    made += [(name, part.made) for name, part in more if part]
    return tuple(Provenance(name, m.fingerprint, m.tool, m.model, m.seconds) for name, m in made)
