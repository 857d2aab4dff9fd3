"""What the player page may read of one media: the files its manifest names, and those their playlists name.

The list is closed before the first request: a path that is not on it does not exist, however it is spelt.
"""

import os
import posixpath
import shutil
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from media_pipeline.application.ports.store import Store
from media_pipeline.application.ports.tools import MediaTool
from media_pipeline.domain import keys
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.published_files import named, preferred


class Files:
    """The files of one published media, each made local once, by paths relative to its manifest.

    Safe to use from several threads. `scratch` is the caller's to remove.
    """

    def __init__(self, manifest: Manifest, *, store: Store, bucket: str, tool: MediaTool, scratch: Path) -> None:
        """Raises Missing when the manifest names a playlist that is not there."""
        self._manifest, self._store, self._bucket = manifest, store, bucket
        self._tool, self._scratch = tool, scratch
        self._remuxing = Lock()
        self._fetching = {name: Lock() for name in sorted(named(manifest, self._text))}
        self._local = {name: scratch / f"{i}{Path(name).suffix}" for i, name in enumerate(self._fetching)}

    def open(self, name: str) -> BinaryIO:
        """Raises Missing for every path that is not on the list, or no longer in the store."""
        try:
            return self._fetched(name).open("rb")
        except FileNotFoundError as gone:  # a link to an object that was removed meanwhile
            raise Missing("The file is no longer there.") from gone

    def progressive(self) -> BinaryIO:
        """The best picture and the default sound in one MP4, for browsers that play no HLS; made when first asked for.

        Raises Missing without a stream; Unavailable(TOOL_CRASH) when our own files cannot be copied together.
        """
        if self._manifest.mp4 is not None:
            return self.open(self._manifest.mp4)
        with self._remuxing:
            mp4 = self._scratch / "media.mp4"
            if not mp4.exists():
                self._remux(mp4)
        return mp4.open("rb")

    def _fetched(self, name: str) -> Path:
        if name not in self._fetching:
            raise Missing("No such file.")
        path = self._local[name]
        with self._fetching[name]:
            if not os.path.lexists(path):
                part = path.with_suffix(".part")
                part.unlink(missing_ok=True)  # of a download that broke off
                self._store.fetch(self._bucket, self._key(name), part)
                part.rename(path)
        return path

    def _remux(self, mp4: Path) -> None:
        if self._manifest.hls is None:
            raise Missing("There is no stream.")
        inputs = [self._fetched(name) for name in preferred(self._manifest.hls, self._text)]
        work = self._scratch / "remux"
        work.mkdir(exist_ok=True)
        try:
            self._tool.join(inputs, scratch=work).rename(mp4)
        finally:
            shutil.rmtree(work)

    def _text(self, name: str) -> str:
        return self._store.read(self._bucket, self._key(name))[0].decode("utf-8", "replace")

    def _key(self, name: str) -> str:
        return posixpath.join(posixpath.dirname(keys.manifest(self._manifest.id)), name)
