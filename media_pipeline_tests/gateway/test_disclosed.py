"""What of Dagster's metadata a caller is shown."""

import io
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import pytest
from PIL import Image

from media_pipeline.defs import metadata
from media_pipeline.defs.failures import translated
from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.results import EmbeddedSubtitles, Likeness, NotMade
from media_pipeline.gateway.disclosed import LABELS, disclosed
from media_pipeline_tests import builders as a

WITHHELD = {"tracks", "hls", "dash", "ladder", "playlist_faults", "preview", "poster", "storyboard", "excerpt", "tags",
            "manifest", "play", "detail"}  # fmt: skip


def test_every_label_is_shown_or_withheld_on_purpose() -> None:
    """A new one belongs to either list."""
    assert written() == LABELS | WITHHELD
    assert not LABELS & WITHHELD


def test_addresses_and_the_words_of_tools_are_withheld() -> None:
    kinds = (dg.PathMetadataValue, dg.UrlMetadataValue, dg.MarkdownMetadataValue, dg.JsonMetadataValue)
    shown = [value for facts in everything() for label, value in facts.items() if label in LABELS]
    assert not [value for value in shown if isinstance(value, kinds)]
    assert "/home/x" not in str(shown)


def test_an_answer_loses_the_metadata_that_is_not_listed_at_any_depth() -> None:
    words, secret = {"label": "words", "intValue": 3}, {"label": "detail", "text": "/home/x"}
    answer = {"a": [{"metadataEntries": [words, secret], "b": {"metadataEntries": [secret]}}], "c": None, "d": 1}
    assert disclosed(answer) == {"a": [{"metadataEntries": [words], "b": {"metadataEntries": []}}], "c": None, "d": 1}


def written() -> set[str]:
    return {label for facts in everything() for label in facts}


def everything() -> list[dict[str, dg.MetadataValue[Any]]]:
    """What every stage tells Dagster, with nothing left out."""
    likeness = replace(a.rendition(), likeness=Likeness(95.0, 90.0, 30.0))
    embedded = EmbeddedSubtitles((), ("A track could not be kept.",), a.MADE)
    return [
        metadata.source(a.source()),
        metadata.rendition(likeness),
        metadata.audio(a.tracks()),
        metadata.stream(replace(a.stream(), faults=("x",)), hls="/home/x/hls", dash="/home/x/dash"),
        metadata.thumbnails(a.thumbnails(), poster=_jpeg(), storyboard=_jpeg(), preview="/home/x"),
        metadata.subtitles(a.subtitles(), embedded),
        metadata.subtitles(NotMade("no speech"), embedded),
        metadata.tags(a.tags()),
        metadata.manifest(cast(Manifest, SimpleNamespace(revision=1, id="x", checks=())), address="/home/x"),
        metadata.made(replace(a.MADE, model="whisper")),
        _failure(),
    ]


def _failure() -> dict[str, dg.MetadataValue[Any]]:
    with pytest.raises(dg.Failure) as caught, translated():
        raise BadMedia(RejectionCode.NOT_MEDIA, "The file is no media.", detail="ffprobe /home/x")
    return dict(caught.value.metadata)


def _jpeg() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (2, 2)).save(data, "JPEG")
    return data.getvalue()
