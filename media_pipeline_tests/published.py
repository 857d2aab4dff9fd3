"""A clip taken all the way to its manifest by the real use cases and tools, in directories; only speech is scripted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from media_pipeline.application.admit import admit
from media_pipeline.application.outputs import Shelf
from media_pipeline.application.package import package
from media_pipeline.application.parts import made_renditions
from media_pipeline.application.publish import publish
from media_pipeline.application.register import register
from media_pipeline.application.subtitles import subtitles
from media_pipeline.application.transcode import AUDIO, Transcoded, transcode
from media_pipeline.domain.admission import Limits
from media_pipeline.domain.job import JobState
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.profile import Recipes, Rung
from media_pipeline.domain.results import NotMade, Rendition
from media_pipeline.domain.upload import received
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.local_disk import LocalDisk
from media_pipeline.infrastructure.results import JsonResults, ManifestJson
from media_pipeline_tests import builders as a
from media_pipeline_tests import media
from media_pipeline_tests.fake_models import ScriptedRecogniser
from media_pipeline_tests.fakes import MemoryCatalogue

UPLOADS, MEDIA = "uploads", "media"


@dataclass(frozen=True)
class Published:
    """`folder` is where the manifest lies."""

    manifest: Manifest
    store: LocalDisk
    folder: Path

    @property
    def hls(self) -> Path:
        assert self.manifest.hls is not None
        return self.folder / self.manifest.hls

    @property
    def dash(self) -> Path:
        assert self.manifest.dash is not None
        return self.folder / self.manifest.dash


def published(root: Path, clip: Path, rungs: Sequence[Rung], **asked: Any) -> Published:
    """`clip` under a profile of these rungs; `asked` are other fields of it. `root` is an empty directory."""
    store, tool = LocalDisk({UPLOADS: clip.parent, MEDIA: root / MEDIA}), media.tool()
    packager = media.packager()
    known = _recipes(rungs, asked)
    profile = known.profiles["default"]
    shelf, results, catalogue = Shelf(store, MEDIA), JsonResults(store, MEDIA), MemoryCatalogue()
    obj = store.head(UPLOADS, clip.name)
    upload = received(obj)
    register(obj, profile=profile, catalogue=catalogue, now=a.NOW)
    catalogue.move(upload.media_id, upload.version, JobState.PROCESSING, at=a.NOW)

    def scratch(stage: str) -> Path:
        path = root / stage
        path.mkdir(parents=True)
        return path

    source = admit(upload, profile, limits=Limits(), store=store, tool=tool, scratch=scratch("source"))
    results.save(upload, "source", source)
    batches = transcode(
        source, [*profile.rungs, AUDIO], recipes=known, store=store, shelf=shelf, tool=tool,
        scratch=scratch("transcodes"), progress=lambda _: None,
    )  # fmt: skip
    made = together(batches)
    for name, rendition in made.renditions.items():
        results.save(upload, f"transcodes/{name}", rendition)
    assert made.audio is not None
    results.save(upload, AUDIO, made.audio)
    renditions = made_renditions(upload, profile, results=results)
    stream = package(
        source, renditions, made.audio, recipes=known, shelf=shelf, packager=packager, tool=tool,
        scratch=scratch("stream"),
    )  # fmt: skip
    results.save(upload, "stream", stream)
    said = subtitles(
        source, recipes=known, store=store, shelf=shelf, tool=tool, recogniser=ScriptedRecogniser(), packager=packager,
        scratch=scratch("subtitles"), progress=lambda _: None,
    )  # fmt: skip
    results.save(upload, "subtitles", said)
    manifest = publish(
        upload, recipes=known, results=results, shelf=shelf, catalogue=catalogue, codec=ManifestJson(),
        now=lambda: a.NOW,
    )  # fmt: skip
    assert not isinstance(manifest, NotMade)
    return Published(manifest, store, root / MEDIA / upload.media_id)


def together(batches: Iterable[Transcoded]) -> Transcoded:
    """Every answer of a transcode that has run to its end."""
    renditions: dict[str, Rendition | NotMade] = {}
    audio = None
    for batch in batches:
        renditions |= batch.renditions
        audio = batch.audio or audio
    return Transcoded(renditions, audio)


def _recipes(rungs: Sequence[Rung], asked: dict[str, Any]) -> Recipes:
    known = recipes.load()
    profile = replace(known.profiles["default"], rungs=tuple(r.name for r in rungs), **asked)
    return replace(known, rungs={r.name: r for r in rungs}, profiles={"default": profile})
