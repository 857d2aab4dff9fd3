"""The Results adapter: what each asset handed on, as JSON objects beside its outputs; and the manifest as JSON."""

import json
from typing import Any, TypeVar

from pydantic import TypeAdapter

from media_pipeline.application.ports.store import Store
from media_pipeline.domain import keys
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.results import NotMade, Result, SubtitleTrack
from media_pipeline.domain.upload import Upload

R = TypeVar("R")


class JsonResults:
    """Results in one bucket of a store."""

    def __init__(self, store: Store, bucket: str) -> None:
        self._store = store
        self._bucket = bucket

    def save(self, upload: Upload, asset: str, value: Result | SubtitleTrack | NotMade) -> None:
        made = not isinstance(value, NotMade)
        body = _adapter(type(value)).dump_python(value, mode="json")
        # A key may hold bytes that are no text; half surrogates then stand as JSON's own escapes.
        data = json.dumps({"made": made, "value": body}, ensure_ascii=False).encode(errors="backslashreplace")
        key = keys.result(upload.media_id, upload.version, asset)
        self._store.write(self._bucket, key, data, content_type="application/json")

    def load(self, upload: Upload, asset: str, kind: type[R]) -> R | NotMade | None:
        try:
            data, _ = self._store.read(self._bucket, keys.result(upload.media_id, upload.version, asset))
        except Missing:
            return None
        return _parsed(data, kind)

    def load_all(self, upload: Upload, folder: str, kind: type[R]) -> list[R]:
        prefix = keys.result(upload.media_id, upload.version, f"{folder}/").removesuffix(".json")
        found = sorted(o.key for o in self._store.list(self._bucket, prefix))
        values = [_parsed(self._store.read(self._bucket, key)[0], kind) for key in found]
        return [v for v in values if not isinstance(v, NotMade)]


def _parsed(data: bytes, kind: type[R]) -> R | NotMade:
    answer = json.loads(data)
    adapter: TypeAdapter[Any] = _adapter(kind if answer["made"] else NotMade)
    value: R | NotMade = adapter.validate_python(answer["value"])
    return value


class ManifestJson:
    """Manifest v1 as JSON, and its JSON Schema."""

    def dump(self, manifest: Manifest) -> bytes:
        return _adapter(Manifest).dump_json(manifest, indent=2)

    def load(self, data: bytes) -> Manifest:
        manifest: Manifest = _adapter(Manifest).validate_json(data)
        return manifest

    def plain(self, manifest: Manifest) -> Any:
        """As the JSON values that `dump` writes."""
        return _adapter(Manifest).dump_python(manifest, mode="json")

    def schema(self) -> dict[str, Any]:
        schema = _adapter(Manifest).json_schema(mode="serialization")
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """Building one takes milliseconds: each is built once."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
