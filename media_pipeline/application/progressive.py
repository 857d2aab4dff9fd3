"""One MP4 that plays while it is downloaded, for whoever cannot have a stream."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from media_pipeline.application.outputs import CONTENT_TYPES, Shelf
from media_pipeline.application.ports.tools import MediaTool
from media_pipeline.domain import keys
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.published_files import preferred

_NAME = "media.mp4"


def progressive(
    manifest: Manifest, *, shelf: Shelf, tool: MediaTool, scratch: Callable[[str], AbstractContextManager[Path]]
) -> str:
    """The key of an MP4 of the best picture and the default sound: the profile's own, or one that is put together now
    and kept until it is swept up as nothing that a manifest names. Nothing is encoded. Raises Missing without a
    stream."""
    if manifest.mp4 is not None:
        return keys.of_manifest(manifest.id, manifest.mp4)
    if manifest.hls is None:
        raise Missing("There is no stream.")
    key = keys.output(manifest.id, manifest.version, "progressive", str(manifest.revision), _NAME)
    try:
        return shelf.store.head(shelf.bucket, key).key
    except Missing:
        pass

    def text(path: str) -> str:
        return shelf.store.read(shelf.bucket, keys.of_manifest(manifest.id, path))[0].decode("utf-8", "replace")

    with scratch(f"{manifest.id}-progressive") as work:
        inputs = []
        for number, path in enumerate(preferred(manifest.hls, text)):
            inputs.append(work / f"{number}.mp4")
            shelf.store.fetch(shelf.bucket, keys.of_manifest(manifest.id, path), inputs[-1])
        (work / "out").mkdir()
        joined = tool.join(inputs, scratch=work / "out")
        shelf.store.put(shelf.bucket, key, joined, content_type=CONTENT_TYPES[".mp4"])
    return key
