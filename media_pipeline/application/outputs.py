"""Where a stage works and where its outputs land: the source under one fixed name in a scratch directory, outputs in
the store, all of them or none."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import uuid4

from media_pipeline.application.ports.store import Store
from media_pipeline.domain import keys
from media_pipeline.domain.chunks import Ranges
from media_pipeline.domain.errors import (
    BadMedia,
    Conflict,
    MediaError,
    Missing,
    QuarantineCode,
    RejectionCode,
    Unavailable,
)
from media_pipeline.domain.upload import StoredObject, Upload

SOURCE_NAME = "source"
CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".vtt": "text/vtt; charset=utf-8",
    ".srt": "application/x-subrip; charset=utf-8",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """The bucket that outputs go to."""

    store: Store
    bucket: str
    told: Callable[[int], None] = lambda size: None
    """of how many bytes were kept"""

    def keep(self, upload: Upload, stage: str, files: Mapping[str, Path]) -> dict[str, str]:
        """Store files under the names given, in a place of their own, and return their keys by name.

        When one cannot be stored, those before it are taken back.
        """
        sizes = {name: path.stat().st_size for name, path in files.items()}

        def put(name: str, key: str, content_type: str) -> None:
            self.store.put(self.bucket, key, files[name], content_type=content_type)

        return self._keep(upload, stage, sizes, put)

    def keep_texts(self, upload: Upload, stage: str, texts: Mapping[str, str]) -> dict[str, str]:
        """Like `keep`, of small texts."""
        data = {name: text.encode() for name, text in texts.items()}

        def write(name: str, key: str, content_type: str) -> None:
            self.store.write(self.bucket, key, data[name], content_type=content_type)

        return self._keep(upload, stage, {name: len(each) for name, each in data.items()}, write)

    def keep_copies(self, upload: Upload, stage: str, folder: str) -> dict[str, str]:
        """Like `keep`, of everything in a folder of another version; the new keys by the old ones. Raises Missing when
        an object goes meanwhile."""
        found = {o.key.removeprefix(f"{folder}/"): o for o in self.store.list(self.bucket, f"{folder}/")}

        def copy(name: str, key: str, content_type: str) -> None:
            self.store.copy(self.bucket, found[name].key, key, content_type=content_type)

        sizes = {name: o.size for name, o in found.items()}
        return {found[name].key: key for name, key in self._keep(upload, stage, sizes, copy).items()}

    def _keep(
        self, upload: Upload, stage: str, sizes: Mapping[str, int], put: Callable[[str, str, str], object]
    ) -> dict[str, str]:
        attempt = uuid4().hex[:8]
        kept: dict[str, str] = {}
        try:
            for name in sizes:
                # Before it is there: a store that breaks off may have taken it all the same.
                kept[name] = key = keys.output(upload.media_id, upload.version, stage, attempt, name)
                put(name, key, CONTENT_TYPES[PurePosixPath(name).suffix])
        except MediaError:
            self.store.delete(self.bucket, kept.values())
            raise
        self.told(sum(sizes.values()))
        return kept

    def withdraw(self, upload: Upload) -> None:
        """Delete everything made from a version; it must not be published."""
        self.clear(keys.version_prefix(upload.media_id, upload.version))

    def clear(self, prefix: str) -> None:
        """Delete every object under a prefix."""
        self.store.delete(self.bucket, [o.key for o in self.store.list(self.bucket, prefix)])


@contextmanager
def opened(upload: Upload, *, store: Store, scratch: Path, only: Ranges = ()) -> Iterator[Path]:
    """The bytes of exactly this version, as a local file named by us; `only` these of them, if any are named.

    Raises BadMedia(SOURCE_GONE) when they are gone, BadMedia(NOT_MEDIA) when the store has them wrapped,
    Unavailable(SOURCE_ARCHIVED) when they must be restored first, Conflict when the object has another version by now.
    """
    path = scratch / SOURCE_NAME
    try:
        _refuse_wrapped(_current(upload, store))
        if only:
            store.fetch_ranges(upload.bucket, upload.key, path, only)
        else:
            store.fetch(upload.bucket, upload.key, path)
        _current(upload, store)  # what came was this version to its last byte
    except Missing as gone:
        raise BadMedia(RejectionCode.SOURCE_GONE, "The file is no longer there.") from gone
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _current(upload: Upload, store: Store) -> StoredObject:
    """The object as the store has it now. Raises Conflict when it is another version; Missing."""
    found = store.head(upload.bucket, upload.key)
    if found.etag != upload.etag:
        raise Conflict("The file was overwritten while it was processed; the new version has its own job.")
    return found


def _refuse_wrapped(obj: StoredObject) -> None:
    if obj.archived:
        message = "The file is in an archive of the store: restore it there, then redrive."
        raise Unavailable(QuarantineCode.SOURCE_ARCHIVED, message, detail=obj.storage_class)
    if obj.content_encoding not in {"", "identity"}:
        message = "The file is stored with a Content-Encoding, so its bytes are not media: upload it as it is."
        raise BadMedia(RejectionCode.NOT_MEDIA, message, detail=obj.content_encoding)
