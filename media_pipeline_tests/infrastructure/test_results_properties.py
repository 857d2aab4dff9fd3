"""What is written down is read back as it was, whatever the values are."""

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.domain import keys
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.results import NotMade, Result
from media_pipeline.infrastructure.results import JsonResults, ManifestJson
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryStore

SCHEMA = json.loads((Path(__file__).parent.parent.parent / "docs" / "media-v1.schema.json").read_text())
# JSON has no NaN, no infinity and no half surrogates; what we measure is finite, and text is decoded as UTF-8.
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(str, st.text(st.characters(codec="utf-8"), max_size=20))
names = st.text("abcdefgh0123456789-.", min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(st.from_type(Result) | st.from_type(NotMade))  # type: ignore[arg-type]
def test_a_result_is_read_back_as_it_was(value: Result | NotMade) -> None:
    results = JsonResults(MemoryStore(), "media")
    results.save(a.upload(), "asset", value)
    assert results.load(a.upload(), "asset", type(value)) == value


@settings(max_examples=25, deadline=None)
@given(st.from_type(Manifest))
@pytest.mark.slow
def test_a_manifest_is_read_back_as_it_was_and_fits_its_schema(manifest: Manifest) -> None:
    data = ManifestJson().dump(manifest)
    assert ManifestJson().load(data) == manifest
    jsonschema.validate(json.loads(data), SCHEMA)


@given(names, names, names, names, names)
def test_a_key_is_named_below_its_own_media_only(media: str, version: str, stage: str, attempt: str, name: str) -> None:
    key = keys.output(media, version, stage, attempt, name)
    assert key == f"{media}/{keys.relative_to_manifest(media, key)}"
    assert key.startswith(keys.version_prefix(media, version))
    with pytest.raises(ValueError, match="does not belong"):
        keys.relative_to_manifest(f"{media}x", key)
