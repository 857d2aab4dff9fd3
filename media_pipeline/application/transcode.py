"""The ladder and the sound: decode once, encode everything that was asked for."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from media_pipeline.application.chunked import Chunking, Encoder, clear
from media_pipeline.application.outputs import Shelf, opened
from media_pipeline.application.passthrough import copied
from media_pipeline.application.ports.store import Store
from media_pipeline.application.ports.tools import EncodedAudio, EncodedVideo, MediaTool, Progress
from media_pipeline.domain import quality
from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.domain.media import AudioStream
from media_pipeline.domain.profile import (
    PlannedRendition,
    Profile,
    QualityGate,
    Recipes,
    fingerprint,
    ladder,
    output_rate,
    safer,
)
from media_pipeline.domain.results import AudioTrack, AudioTracks, Likeness, Made, NotMade, Rendition, Source

AUDIO = "audio"


@dataclass(frozen=True, slots=True)
class Transcoded:
    """Answers that came at one time."""

    renditions: Mapping[str, Rendition | NotMade]
    audio: AudioTracks | NotMade | None = None
    """None: not asked for, or not in this batch"""
    plays: bool = False
    """This is enough to play, and encoding the rest will take its time."""

    @property
    def encoded(self) -> bool:
        """An encoder was at work, on the picture or the sound."""
        pictures = (v for v in self.renditions.values() if isinstance(v, Rendition))
        return isinstance(self.audio, AudioTracks) or any(not v.passed_through for v in pictures)


def transcode(
    source: Source,
    wanted: Collection[str],
    *,
    recipes: Recipes,
    store: Store,
    shelf: Shelf,
    tool: MediaTool,
    scratch: Path,
    progress: Progress,
    chunking: Chunking | None = None,
) -> Iterator[Transcoded]:
    """Make the rungs named in `wanted`, and the sound if "audio" is among them; answer in batches as soon as they are
    known: what there is no need to make, then the source's own picture where it can pass as it is, then what one
    process encodes. Rungs that lost their picture on the way, or miss the profile's quality gate, are encoded once
    more, at a safer setting. With `chunking` a long picture is encoded in parts, where it can be.

    Raises BadMedia TRUNCATED when less decodes than the container promised, NO_DECODABLE_FRAMES when nothing does.
    """
    profile = recipes.profiles[source.profile]
    deserve = deserved(source, profile, recipes)
    plans = [p for p in deserve if p.rung.name in wanted]
    tracks = source.info.audio if AUDIO in wanted else ()
    planned = {p.rung.name for p in plans}
    silent = AUDIO in wanted and not tracks
    yield Transcoded(
        {name: _not_made(name, source, profile) for name in wanted if name != AUDIO and name not in planned},
        NotMade("the source has no sound") if silent else None,
    )
    if not plans and not tracks:
        return
    with opened(source.upload, store=store, scratch=scratch) as path:
        began = time.monotonic()
        own = copied(path, source, deserve, recipes=recipes, tool=tool, scratch=scratch, progress=progress)
        passed = not isinstance(own, NotMade)
        followed = None if isinstance(own, NotMade) else own[1].keyframes
        encoder = Encoder(path, source, recipes, followed, shelf, tool, scratch, progress, chunking)
        answer = partial(_answered, source, follow=passed, recipes=recipes, shelf=shelf, build=tool.build)
        if not isinstance(own, NotMade) and own[0] in plans:
            _, sounds = encoder.encode([], tracks) if tracks else ([], [])
            plans.remove(own[0])
            made = answer([_Encoded(*own, passed_through=True)], tracks, sounds, began=began)
            yield replace(made, plays=AUDIO in wanted and bool(plans))
            began, tracks = time.monotonic(), ()
        if plans or tracks:
            encoded, sounds = _encoded(encoder, plans, tracks)
            made = answer(encoded, tracks, sounds, began=began)
            if any(e.video.parts > 1 for e in encoded):
                clear(source, shelf)
            yield made


def deserved(source: Source, profile: Profile, recipes: Recipes) -> tuple[PlannedRendition, ...]:
    """The ladder of this source under its profile; empty without a picture."""
    return ladder(source.info.video, [recipes.rungs[n] for n in profile.rungs]) if source.info.video else ()


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A rung as it came out, how like its source it looks, and at which try."""

    plan: PlannedRendition
    video: EncodedVideo
    likeness: Likeness | None = None
    tries: int = 1
    passed_through: bool = False


def _encoded(
    encoder: Encoder, plans: Sequence[PlannedRendition], tracks: Sequence[AudioStream]
) -> tuple[list[_Encoded], list[EncodedAudio]]:
    source = encoder.source
    gate = encoder.recipes.gate(source.profile) if plans else None
    passages = quality.passages(source, gate)

    def judged(plans: Sequence[PlannedRendition], videos: Sequence[EncodedVideo], *, tries: int) -> list[_Encoded]:
        likes: Sequence[Likeness | None] = [None] * len(videos)
        if passages:
            likes = encoder.tool.likeness(source.info, plans, videos, passages=passages, scratch=encoder.scratch)
        return [_Encoded(*each, tries) for each in zip(plans, videos, likes, strict=True)]

    videos, sounds = encoder.encode(plans, tracks, set_aside=passages)
    _whole(source, videos)
    first = judged(plans, videos, tries=1)
    again = [plan for e in first for plan in _second_try(e, gate)]
    if not again:
        return first, sounds
    # The second encode writes files of the same names.
    kept = {e.plan.rung.name: replace(e, video=_renamed(e.video, f"{e.plan.rung.name}.mp4")) for e in first}
    videos, _ = encoder.encode(again, ())
    kept |= {e.plan.rung.name: e for e in judged(again, videos, tries=2)}
    return list(kept.values()), sounds


def _second_try(first: _Encoded, gate: QualityGate | None) -> Sequence[PlannedRendition]:
    """How to encode a rung once more that lost its picture, or misses its gate; nothing for a good one."""
    if gate and quality.misses(first.likeness, gate):
        return [replace(first.plan, rung=safer(first.plan.rung, gate))]
    return [first.plan] if quality.is_lost(first.video.lost_seconds) else []


def _renamed(video: EncodedVideo, name: str) -> EncodedVideo:
    return replace(video, path=video.path.rename(video.path.with_name(name)))


def _whole(source: Source, videos: list[EncodedVideo]) -> None:
    video = source.info.video
    if video is None or not videos:
        return
    found = max(v.duration_seconds for v in videos) - source.info.held_seconds
    if video.end_seconds - found > max(1.0, 0.02 * video.end_seconds):
        message = f"The file is cut off: {found:.0f} of {video.end_seconds:.0f} seconds could be decoded."
        raise BadMedia(RejectionCode.TRUNCATED, message)


def _whole_sound(source: Source, tracks: Sequence[AudioStream], sounds: Sequence[EncodedAudio]) -> tuple[str, ...]:
    """What of the sound is missing, beside a picture. Raises BadMedia TRUNCATED where there is no picture and every
    track breaks off."""
    broken = {
        number: f"Audio track {number} ({track.language}) "
        + (f"decodes for {s.decoded_seconds:.0f} of {track.end_seconds:.0f} seconds." if s.decoded_seconds
           else "cannot be decoded: it was not kept.")
        for number, (track, s) in enumerate(zip(tracks, sounds, strict=True), start=1)
        if track.end_seconds - s.decoded_seconds > max(1.0, 0.02 * track.end_seconds) or not s.decoded_seconds
    }  # fmt: skip
    if source.info.video is None and len(broken) == len(tracks):
        found, promise = max(s.decoded_seconds for s in sounds), max(t.end_seconds for t in tracks)
        message = f"The file is cut off: {found:.0f} of {promise:.0f} seconds could be decoded."
        raise BadMedia(RejectionCode.TRUNCATED, message)
    return tuple(broken.values())


def _answered(
    source: Source,
    encoded: Sequence[_Encoded],
    tracks: Sequence[AudioStream],
    sounds: Sequence[EncodedAudio],
    *,
    began: float,
    follow: bool,
    recipes: Recipes,
    shelf: Shelf,
    build: str,
) -> Transcoded:
    """What was encoded, kept."""
    names = {f"{e.plan.rung.name}.mp4": e.video.path for e in encoded}
    decoded = [(t, s) for t, s in zip(tracks, sounds, strict=True) if s.duration_seconds]
    warnings = _whole_sound(source, tracks, sounds) if tracks else ()
    names |= {f"audio-{i}.mp4": s.path for i, (_, s) in enumerate(decoded)}
    sizes = {name: path.stat().st_size for name, path in names.items()}
    kept = shelf.keep(source.upload, "renditions", names)
    files = {name: _File(kept[name], size) for name, size in sizes.items()}
    made = Made("", build, None, round(time.monotonic() - began, 3))
    heard = [_track(track, sound, files[f"audio-{i}.mp4"]) for i, (track, sound) in enumerate(decoded)]
    return Transcoded(
        {
            e.plan.rung.name: _rendition(
                e, source, files[f"{e.plan.rung.name}.mp4"], _by(e, source, recipes, made, follow=follow)
            )
            for e in encoded
        },
        _audio(heard, warnings, made, recipes, source) if tracks else None,
    )


class _File(NamedTuple):
    key: str
    bytes: int


def _by(encoded: _Encoded, source: Source, recipes: Recipes, made: Made, *, follow: bool) -> Made:
    gop = recipes.stream[recipes.profiles[source.profile].stream].gop_seconds
    told = f"{made.tool}, passed through" if encoded.passed_through else made.tool
    told += f", in {encoded.video.parts} parts" if encoded.video.parts > 1 else ""
    name = encoded.plan.rung.name
    return replace(made, tool=told, fingerprint=fingerprint(recipes.rungs[name], "source" if follow else gop))


def _rendition(encoded: _Encoded, source: Source, file: _File, made: Made) -> Rendition:
    assert source.info.video is not None
    plan, video = encoded.plan, encoded.video
    return Rendition(
        rung=plan.rung.name,
        codec=plan.rung.codec,
        width=plan.width,
        height=plan.height,
        frame_rate=str(output_rate(source.info.video)),
        frames=video.frames,
        duration_seconds=video.duration_seconds,
        bytes=file.bytes,
        key=file.key,
        keyframes=video.keyframes,
        made=made,
        likeness=encoded.likeness,
        tries=encoded.tries,
        passed_through=encoded.passed_through,
        lost_seconds=video.lost_seconds,
    )


def _track(track: AudioStream, sound: EncodedAudio, file: _File) -> AudioTrack:
    return AudioTrack(
        language=track.language,
        default=track.default,
        channels=sound.channels,
        codec="aac",
        start_seconds=sound.start_seconds,
        duration_seconds=sound.duration_seconds,
        loudness_lufs=sound.loudness_lufs,
        true_peak_dbtp=sound.true_peak_dbtp,
        bytes=file.bytes,
        key=file.key,
    )


def _audio(
    tracks: list[AudioTrack], warnings: tuple[str, ...], made: Made, recipes: Recipes, source: Source
) -> AudioTracks | NotMade:
    if not tracks:
        return NotMade("its sound cannot be decoded")
    recipe = recipes.audio[recipes.profiles[source.profile].audio]
    return AudioTracks(tuple(tracks), replace(made, fingerprint=fingerprint(recipe)), warnings)


def _not_made(name: str, source: Source, profile: Profile) -> NotMade:
    if source.info.video is None:
        return NotMade("the source has no picture")
    if name not in profile.rungs:
        return NotMade(f"not in profile {profile.name}")
    side = source.info.video.short_side
    return NotMade(f"adds nothing: the source has a short side of {side} px and another rung serves it")
