"""Settings: a variable that is wrong is named, and so is one that nobody reads."""

import math
import re
from pathlib import Path

import pytest

from media_pipeline.domain.chunks import Cutting
from media_pipeline.infrastructure.settings import Settings, from_environment

ROOT = Path(__file__).parents[2]
WHERE_VARIABLES_ARE_NAMED = ["README.md", "Makefile", "dagster.yaml", "docs", "deploy", "media_pipeline", ".ci"]


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name, value in variables.items():
        monkeypatch.setenv(f"MEDIA_PIPELINE_{name}", value)
    with pytest.raises(ValueError, match="MEDIA_PIPELINE_") as refused:
        from_environment()
    return str(refused.value)


def test_a_value_of_the_wrong_kind_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = refusal(monkeypatch, STEPS_AT_ONCE="many", LIMITS__BYTES="all").splitlines()
    assert [line.split(":")[0] for line in lines] == ["MEDIA_PIPELINE_STEPS_AT_ONCE", "MEDIA_PIPELINE_LIMITS__BYTES"]


def test_a_whole_that_is_set_as_if_it_were_a_part_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refusal(monkeypatch, LIMITS="foo")
    assert said.startswith("MEDIA_PIPELINE_LIMITS: ")
    assert "MEDIA_PIPELINE_LIMITS__" in said


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [("MODLES", "MODELS"), ("UPLOAD_BUCKET", "UPLOADS_BUCKET"), ("LIMIT__BYTES", "LIMITS"), ("XYZ", "")],
)
def test_a_misspelt_variable_is_refused_with_the_nearest_one(
    monkeypatch: pytest.MonkeyPatch, misspelt: str, meant: str
) -> None:
    said = refusal(monkeypatch, **{misspelt: "1"})
    assert said.startswith(f"MEDIA_PIPELINE_{misspelt}: no such setting; the nearest is MEDIA_PIPELINE_{meant}")


def test_a_part_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(monkeypatch, LIMITS__BYTEZ="1").startswith("MEDIA_PIPELINE_LIMITS__BYTEZ: ")


@pytest.mark.parametrize(
    "name", ["SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT", "PORT_3000_TCP_ADDR", "WEBSERVER_PORT_80_TCP"]
)
def test_what_kubernetes_sets_for_a_service_of_this_name_is_let_be(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"MEDIA_PIPELINE_{name}", "10.0.0.1")
    assert from_environment() == Settings()


def test_every_variable_that_is_named_anywhere_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    named = set()
    for place in WHERE_VARIABLES_ARE_NAMED:
        for file in [ROOT / place, *(ROOT / place).rglob("*")]:
            if file.is_file() and file.suffix != ".pyc" and "node_modules" not in file.parts:
                named |= set(re.findall(r"\bMEDIA_PIPELINE_[A-Z][A-Z_]*[A-Z]\b", file.read_text(errors="replace")))
    assert len(named) > 10
    for name in named:
        monkeypatch.setenv(name, "{}")
    with pytest.raises(ValueError) as refused:
        from_environment()
    assert "no such setting" not in str(refused.value)


def test_long_pictures_are_cut_as_the_settings_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_PIPELINE_CHUNKS__ABOVE_SECONDS", "inf")
    monkeypatch.setenv("MEDIA_PIPELINE_CHUNKS__SECONDS", "60")
    assert from_environment().chunks == Cutting(above_seconds=math.inf, seconds=60)
    assert "less than a second" in refusal(monkeypatch, CHUNKS__SECONDS="0")
