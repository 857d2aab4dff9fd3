"""The workflows: they run what a person runs, pin what they use, and may do no more than they must."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from media_pipeline_tests.deploy.tree import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.M))
# Of others: each is named here before it is used, and taken by its commit, because a tag of theirs may be moved.
TRUSTED = {
    "actions/checkout", "actions/setup-python", "docker/login-action", "sigstore/cosign-installer",
    "aquasecurity/setup-trivy", "azure/setup-kubectl", "azure/setup-helm",
}  # fmt: skip


def read(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text())
    return found


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


def test_there_is_one_for_changes_one_for_releases_and_one_for_environments() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "deploy", "release"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_every_make_target_exists(path: Path) -> None:
    said = {t for step in steps(read(path)) for t in re.findall(r"\bmake (?:-s )?([a-z-]+)", step.get("run", ""))}
    assert said
    assert said <= TARGETS


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_what_it_uses_is_known_and_one_commit_whose_version_is_told(path: Path) -> None:
    used = [step["uses"] for step in steps(read(path)) if "uses" in step]
    assert {each.partition("@")[0] for each in used} <= TRUSTED
    told = re.findall(r"uses: (\S+@[0-9a-f]{40}) # v\d+\.\d+\.\d+$", path.read_text(), re.M)
    assert told == used


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_it_may_read_the_code_and_only_publishing_may_do_more(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    more = {name for name, job in workflow["jobs"].items() if "write" in job.get("permissions", {}).values()}
    assert more == ({"images"} if path.stem == "release" else set())
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_nothing_of_the_outside_is_pasted_into_a_shell(path: Path) -> None:
    assert [step["run"] for step in steps(read(path)) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_no_job_runs_for_ever(path: Path) -> None:
    assert [n for n, job in read(path)["jobs"].items() if "uses" not in job and "timeout-minutes" not in job] == []


def test_what_is_published_was_checked_and_looked_through_and_is_signed() -> None:
    images = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]["images"]
    assert images["needs"] == "check"
    runs = [step["run"] for step in images["steps"] if "run" in step]
    order = [runs.index(f"make {target}") for target in ("images", "scan", "publish", "sign")]
    assert order == sorted(order)
    assert images["permissions"]["id-token"] == "write"


def test_what_is_deployed_was_signed_by_the_release() -> None:
    deploy = read(ROOT / ".github" / "workflows" / "deploy.yml")["jobs"]["deploy"]
    runs = [step.get("run") for step in deploy["steps"]]
    assert runs.index("make verify") < runs.index("make deploy")
    assert deploy["environment"] == "${{ inputs.environment }}"
    assert "release.yml@refs/tags/" in deploy["env"]["SIGNER"]
