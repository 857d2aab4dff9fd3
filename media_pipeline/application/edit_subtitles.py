"""A person sets a track of subtitles. No later run takes it back."""

from pathlib import Path

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.ports.results import Results
from media_pipeline.application.ports.tools import Packager
from media_pipeline.application.text_track import keep_track
from media_pipeline.domain import captions
from media_pipeline.domain.language import bcp47
from media_pipeline.domain.media import TextKind
from media_pipeline.domain.results import NotMade, Source, SubtitleTrack
from media_pipeline.domain.upload import Upload

EDITS = "human"
"""The folder of results that only people write to: one result a language and kind."""


def edit_subtitles(
    upload: Upload,
    file: bytes,
    *,
    language: str,
    kind: TextKind,
    results: Results,
    shelf: Shelf,
    packager: Packager,
    scratch: Path,
) -> SubtitleTrack:
    """Keep a person's WebVTT or SubRip file as the track of its language and kind. The next revision shows it.

    Raises BadSubtitles, and changes nothing, when the file is none of this media's or the language is none at all.
    """
    spoken = bcp47(language)
    if spoken == "und":
        raise captions.BadSubtitles(f"{language!r} is not a language tag such as en or pt-BR.")
    source = results.load(upload, "source", Source)
    if not isinstance(source, Source):
        raise captions.BadSubtitles("The media has not been looked at yet; wait until it is playable.")
    shown = captions.tidied(captions.parsed(_text(file)), duration=source.info.duration_seconds)
    if not shown:
        raise captions.BadSubtitles("No subtitle of the file falls inside the media.")
    track = keep_track(
        upload, shown, language=spoken, kind=kind, origin="human", shelf=shelf, packager=packager, scratch=scratch
    )
    results.save(upload, _name(spoken, kind), track)
    return track


def withdraw_edit(upload: Upload, *, language: str, kind: TextKind, results: Results) -> bool:
    """Take a person's track back: what the runs made shows again. False when there was none."""
    name = _name(bcp47(language), kind)
    if not isinstance(results.load(upload, name, SubtitleTrack), SubtitleTrack):
        return False
    results.save(upload, name, NotMade("taken back"))
    return True


def _name(language: str, kind: TextKind) -> str:
    return f"{EDITS}/{language}-{kind}"


def _text(file: bytes) -> str:
    if len(file) > captions.MAX_BYTES:
        raise captions.BadSubtitles(f"The file is larger than {captions.MAX_BYTES // 2**20} MiB.")
    try:
        return file.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise captions.BadSubtitles("The file is not text in UTF-8.") from error
