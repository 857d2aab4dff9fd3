"""What the Dagster chart itself makes of our values, where somebody has it: it heeds all that we say, and what comes of
it fits what stands beside it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
import yaml

from media_pipeline_tests.kubernetes import chart
from media_pipeline_tests.kubernetes.cluster import NAMESPACE
from media_pipeline_tests.kubernetes.test_manifests import (
    SERVICES,
    VERSIONS,
    Manifest,
    base,
    checked,
    chosen,
    of_kind,
    reached,
)

CHART = "DAGSTER_HELM_CHART"
"""variable: a directory or an archive that has the chart"""
OVERLAYS = pytest.mark.parametrize("overlay", ["local", "production"])
SECRETS = {"media-pipeline", "media-pipeline-postgres"}  # docs/kubernetes.md: made by whatever keeps yours
ENGINE = SERVICES | {"to-kubernetes", "engine-to-code"}
PODS = {
    "dagster-daemon": ("engine", ENGINE, set()),
    "dagster-webserver": ("engine", ENGINE, set()),
    "dagster-webserver-read-only": ("engine", ENGINE, {"webserver-read-only"}),
    "user-deployments": ("code", SERVICES | {"to-kubernetes"}, {"code"}),
}
"""by component: its account, the policies by which it reaches somebody, those by which it is reached"""


class Refused(Exception):
    """Helm makes nothing of the chart with such values."""


def made(said: chart.Plain) -> list[Manifest]:
    """By Helm's program, or else by its Python binding (helm-python-sdk). Raises Refused."""
    where = os.environ.get(CHART)
    if not where:
        pytest.skip(f"the official chart was not rendered: {CHART} names none")
    helm = shutil.which("helm")
    texts = _by_program(helm, where, said) if helm else _by_binding(where, said)
    return [manifest for text in texts for manifest in yaml.safe_load_all(text) if manifest]


def _by_program(helm: str, where: str, said: chart.Plain) -> list[str]:
    command = [helm, "template", chart.RELEASE, where, "--namespace", NAMESPACE, "--values", "-"]
    ran = subprocess.run(command, input=yaml.safe_dump(said), check=False, capture_output=True, text=True)
    if ran.returncode:
        raise Refused(ran.stderr)
    return [ran.stdout]


def _by_binding(where: str, said: chart.Plain) -> list[str]:
    binding = pytest.importorskip("helm_python", reason="the official chart was not rendered: there is no Helm")
    try:
        with binding.Chart.load(where) as loaded:  # anew each time: values that leave out a subchart take it away
            found = loaded.render(said, name=chart.RELEASE, namespace=NAMESPACE)
    except binding.HelmError as bad:
        raise Refused(str(bad)) from bad
    return [text for name, text in found.items() if name.endswith(".yaml")]


@cache
def rendered(overlay: str) -> list[Manifest]:
    return made(chart.values(overlay))


def deployed(overlay: str) -> Iterator[tuple[str, dict[str, str], Manifest]]:
    """Component, labels and specification of each deployment's pods."""
    for manifest in of_kind("Deployment", rendered(overlay)).values():
        template = manifest["spec"]["template"]
        labels = template["metadata"]["labels"]
        yield labels["component"], labels, template["spec"]


@OVERLAYS
def test_the_instance_is_what_we_think(overlay: str) -> None:
    config = of_kind("ConfigMap", rendered(overlay))[f"{chart.RELEASE}-instance"]
    theirs = yaml.safe_load(config["data"]["dagster.yaml"])
    ours = chart.instance(chart.values(overlay), namespace=NAMESPACE)
    for storage in ("run_storage", "event_log_storage", "schedule_storage"):
        assert theirs.pop(storage)["config"] == ours["storage"]["postgres"]
    del ours["storage"]
    assert theirs == ours


@pytest.mark.slow
@OVERLAYS
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_what_the_chart_makes(overlay: str, version: str) -> None:
    checked(rendered(overlay), version)


@OVERLAYS
def test_rights_and_secrets_come_from_elsewhere(overlay: str) -> None:
    kinds = {manifest["kind"] for manifest in rendered(overlay)}
    assert not kinds & {"Role", "RoleBinding", "ServiceAccount", "Secret"}


@OVERLAYS
def test_accounts_and_policies_are_those_of_the_pods(overlay: str) -> None:
    assert sorted(component for component, _, _ in deployed(overlay)) == sorted(PODS)
    for component, labels, pod in deployed(overlay):
        account, out, within = PODS[component]
        assert pod["serviceAccountName"] == f"media-pipeline-{account}", component
        assert reached(labels) == out, component
        has_token = pod.get("automountServiceAccountToken", True)  # of its account: test_manifests
        assert has_token is ("to-kubernetes" in out), component
        policies = of_kind("NetworkPolicy").items()
        lets_in = {n for n, p in policies if p["spec"].get("ingress") and chosen(p["spec"]["podSelector"], labels)}
        assert lets_in == within, component


@OVERLAYS
def test_pods_are_restricted_while_they_wait_too(overlay: str) -> None:
    for component, _, pod in deployed(overlay):
        assert pod["securityContext"]["runAsNonRoot"] is True, component
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, component
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
            }, container["name"]  # fmt: skip
            assert "memory" in container["resources"]["limits"], container["name"]


@OVERLAYS
def test_what_pods_are_given_there_is(overlay: str) -> None:
    there = of_kind("ConfigMap", [*rendered(overlay), *base()]).keys() | SECRETS
    for component, _, pod in deployed(overlay):
        (container,) = pod["containers"]
        sources = [ref for source in container["envFrom"] for ref in source.values() if not ref.get("optional")]
        sources += [v["valueFrom"]["secretKeyRef"] for v in container["env"] if "valueFrom" in v]
        sources += [volume["configMap"] for volume in pod["volumes"] if "configMap" in volume]
        assert {source["name"] for source in sources} <= there, component
        assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}, component


@OVERLAYS
def test_services_are_where_they_are_looked_for(overlay: str) -> None:
    services = of_kind("Service", rendered(overlay))
    at = {(name, port["port"]) for name, service in services.items() for port in service["spec"]["ports"]}
    workspace = of_kind("ConfigMap", rendered(overlay))[f"{chart.RELEASE}-workspace-yaml"]["data"]["workspace.yaml"]
    (location,) = yaml.safe_load(workspace)["load_from"]
    assert location == {"grpc_server": {"host": "media-pipeline-code", "port": 4000, "location_name": "media_pipeline"}}
    (gateway,) = of_kind("Deployment")["media-pipeline-gateway"]["spec"]["template"]["spec"]["containers"]
    host, port = {e["name"]: e.get("value", "") for e in gateway["env"]}["MEDIA_PIPELINE_DAGSTER_URL"][7:].split(":")
    assert {(host, int(port)), ("media-pipeline-code", 4000)} <= at
    for service in services.values():
        behind = [c for c, labels, _ in deployed(overlay) if service["spec"]["selector"].items() <= labels.items()]
        assert len(behind) == 1, service["metadata"]["name"]


@pytest.mark.slow
def test_the_chart_heeds_all_that_we_say() -> None:
    said: chart.Plain = json.loads(json.dumps(chart.values("production")))  # each value by itself, as Helm has them
    whole = _without_checksums(made(said))
    for holder, key, place in list(_leaves(said)):
        value = holder[key]
        holder[key] = not value if isinstance(value, bool) else f"{value}9" if isinstance(value, str) else value + 1
        with suppress(Refused):  # heeded, and not liked
            assert _without_checksums(made(said)) != whole, f"the chart does not read {place}"
        holder[key] = value


def _leaves(holder: Any, place: str = "") -> Iterator[tuple[Any, Any, str]]:
    """What holds each single value, by which key, and where that is."""
    for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
        if isinstance(value, dict | list):
            yield from _leaves(value, f"{place}/{key}")
        else:
            yield holder, key, f"{place}/{key}"


def _without_checksums(manifests: Sequence[Manifest]) -> Sequence[Manifest]:
    """They are of all values, heeded or not."""
    for manifest in manifests:
        said = manifest.get("spec", {}).get("template", {}).get("metadata", {}).get("annotations", {})
        for name in [name for name in said if name.startswith("checksum/")]:
            del said[name]
    return manifests
