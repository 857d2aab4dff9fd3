import json
import os
from pathlib import Path

import jsonschema
import pytest

from media_pipeline.domain.results import NotMade, Rendition, Source
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.results import JsonResults, ManifestJson
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryStore

SCHEMA = Path(__file__).parent.parent.parent / "docs" / "media-v1.schema.json"


def test_the_published_schema_is_the_one_in_force() -> None:
    found = ManifestJson().schema()
    if os.environ.get("UPDATE_GOLDEN"):
        SCHEMA.write_text(json.dumps(found, indent=1) + "\n")
    assert found == json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(found)


@pytest.mark.parametrize(
    ("asset", "value", "kind"),
    [
        ("source", a.source(), Source),
        ("source", a.source(a.upload("caf\udce9 \u540d.mp4")), Source),
        ("transcodes/720p", a.rendition(), Rendition),
        ("transcodes/720p", NotMade("adds nothing"), Rendition),
    ],
)
def test_a_result_survives_its_json(asset: str, value: Source | Rendition | NotMade, kind: type) -> None:
    results = JsonResults(MemoryStore(), "media")
    results.save(a.upload(), asset, value)
    assert results.load(a.upload(), asset, kind) == value


def test_what_was_never_made_is_absent() -> None:
    assert JsonResults(MemoryStore(), "media").load(a.upload(), "stream", Source) is None


def test_a_mistake_in_the_recipes_names_the_field_and_what_is_allowed() -> None:
    import yaml

    raw = yaml.safe_load(recipes.PACKAGED.read_text())
    raw["rungs"]["720p"]["codec"] = "mpeg2"
    raw["rungs"]["480p"]["crff"] = 3
    with pytest.raises(recipes.BadRecipes) as faults:
        recipes.parse(raw)
    assert "rungs.720p.codec" in str(faults.value)
    assert "'h264'" in str(faults.value)
    assert "rungs.480p.crff" in str(faults.value)


def test_a_profile_that_names_what_is_not_there_is_told_what_is() -> None:
    import yaml

    raw = yaml.safe_load(recipes.PACKAGED.read_text())
    raw["profiles"]["fast"]["audio"] = "opus"
    with pytest.raises(recipes.BadRecipes, match=r"profiles\.fast\.audio: 'opus' is not one of aac"):
        recipes.parse(raw)
