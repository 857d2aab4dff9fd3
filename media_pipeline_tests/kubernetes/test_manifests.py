"""The manifests beside the chart: they are what Kubernetes takes, and they let in and out whom they should."""

import ipaddress
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest
import yaml
from kubernetes_validate import validate  # type: ignore[import-untyped,unused-ignore]

from media_pipeline.domain.job import Origin
from media_pipeline.infrastructure.pods import load
from media_pipeline_tests.kubernetes.chart import DEPLOYED, values

Manifest = dict[str, Any]
VERSIONS = ("1.36.0", "1.37.0")
ROOTS = ("overlays/local", "overlays/production")
NEEDS_KUBECTL = pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="nothing was put together by kustomize: there is no kubectl"
)


def checked(manifests: Sequence[Manifest], version: str) -> None:
    """Raises ValidationError for what Kubernetes does not know or take."""
    for manifest in manifests:
        validate(manifest, version, strict=True)


@cache
def rendered(root: str) -> tuple[Manifest, ...]:
    command = ["kubectl", "kustomize", str(DEPLOYED / root)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return tuple(m for m in yaml.safe_load_all(text) if m)


@cache
def base() -> tuple[Manifest, ...]:
    """As the files of the base have it, before kustomize."""
    listed = yaml.safe_load((DEPLOYED / "base" / "kustomization.yaml").read_text())["resources"]
    return tuple(m for name in listed for m in yaml.safe_load_all((DEPLOYED / "base" / name).read_text()) if m)


def of_kind(kind: str, among: Sequence[Manifest] | None = None) -> dict[str, Manifest]:
    return {m["metadata"]["name"]: m for m in (base() if among is None else among) if m["kind"] == kind}


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_manifest_of_the_base(version: str) -> None:
    assert len(base()) > 30
    checked(base(), version)


def test_a_misspelt_field_would_be_found() -> None:
    service = dict(next(iter(of_kind("Service").values())))
    service["spec"] = service["spec"] | {"selectr": {}}
    with pytest.raises(Exception, match="selectr"):
        checked([service], VERSIONS[0])


@pytest.mark.slow
@NEEDS_KUBECTL
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("root", ROOTS)
def test_kubernetes_takes_what_kustomize_puts_together(root: str, version: str) -> None:
    checked(rendered(root), version)


@NEEDS_KUBECTL
def test_production_reaches_nothing_before_it_is_told_where_things_are() -> None:
    policies = of_kind("NetworkPolicy", rendered("overlays/production"))
    for name in ("to-object-store", "to-postgres", "to-kubernetes"):
        ((peer,),) = (rule["to"] for rule in policies[name]["spec"]["egress"])
        assert peer["ipBlock"]["cidr"].startswith("192.0.2."), name  # addresses of no network
    asking = policies["to-kubernetes"]["spec"]["podSelector"]
    assert asking == of_kind("NetworkPolicy")["to-kubernetes"]["spec"]["podSelector"]
    assert "media-pipeline" not in of_kind("Secret", rendered("overlays/production"))


@NEEDS_KUBECTL
def test_what_the_gateway_asks_for_runs_in_the_image_of_the_code() -> None:
    manifests = rendered("overlays/production")
    (gateway,) = of_kind("Deployment", manifests)["media-pipeline-gateway"]["spec"]["template"]["spec"]["containers"]
    (code,) = of_kind("Job", manifests)["media-pipeline-migrate"]["spec"]["template"]["spec"]["containers"]
    assert {e["name"]: e.get("value") for e in gateway["env"]}["DAGSTER_CURRENT_IMAGE"] == code["image"]
    (deployment,) = values()["dagster-user-deployments"]["deployments"]
    assert code["image"] == f"{deployment['image']['repository']}:{deployment['image']['tag']}"


def workloads() -> Iterator[tuple[str, Manifest]]:
    for manifest in base():
        if manifest["kind"] in {"Deployment", "Job"}:
            yield manifest["metadata"]["name"], manifest["spec"]["template"]["spec"]


@pytest.mark.parametrize(("name", "pod"), list(workloads()))
def test_pods_are_restricted(name: str, pod: Manifest) -> None:
    assert pod["automountServiceAccountToken"] is (pod["serviceAccountName"] == "media-pipeline-gateway")
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
        }  # fmt: skip
        assert "memory" in container["resources"]["limits"]
    assert all("sizeLimit" in volume["emptyDir"] for volume in pod["volumes"] if "configMap" not in volume)
    assert pod["serviceAccountName"] in of_kind("ServiceAccount")


def test_the_chart_gives_its_pods_the_same() -> None:
    said = values()
    launcher = said["runLauncher"]["config"]["k8sRunLauncher"]
    (code,) = said["dagster-user-deployments"]["deployments"]
    ours = launcher["runK8sConfig"]
    for pod in (said["dagsterDaemon"], said["dagsterWebserver"], code):
        assert pod["podSecurityContext"] == ours["podSpecConfig"]["securityContext"]
        assert pod["securityContext"] == ours["containerConfig"]["securityContext"]
        assert pod["volumes"] == launcher["volumes"]
        assert "memory" in pod["resources"]["limits"]
    for waiting in (said["dagsterDaemon"], said["dagsterWebserver"]):
        assert "memory" in waiting["initContainerResources"]["limits"]
    assert ours["podSpecConfig"]["securityContext"]["runAsNonRoot"] is True
    assert said["dagsterWebserver"]["enableReadOnly"] is True


def test_whom_pods_and_values_name_there_is() -> None:
    accounts, classes, pods, said = of_kind("ServiceAccount"), of_kind("PriorityClass"), load(), values()
    ours = said["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]["podSpecConfig"]
    code = said["dagster-user-deployments"]
    named = {said["serviceAccount"]["name"], ours["serviceAccountName"], code["serviceAccount"]["name"],
             pods.every["pod_spec_config"]["serviceAccountName"]}  # fmt: skip
    assert named <= accounts.keys()
    assert {ours["priorityClassName"], *pods.priority.values()} == classes.keys()
    live, later = (classes[pods.priority[origin]] for origin in (Origin.LIVE, Origin.IMPORT))
    assert live["value"] == 0  # as whoever has no class: nobody else's pod makes way
    assert (later["value"] < 0, later["preemptionPolicy"]) == (True, "Never")


WORKERS = {
    *((verb, "jobs") for verb in ("create", "delete", "get", "list")), ("get", "jobs/status"),
    *((verb, "pods") for verb in ("delete", "get", "list")),
}  # fmt: skip


CANCEL = {("delete", "jobs"), ("delete", "pods"), ("list", "pods")}


@pytest.mark.parametrize(
    ("account", "allowed"),
    [
        ("engine", WORKERS | {("get", "pods/log"), ("list", "events")}),
        ("run", WORKERS),
        ("gateway", CANCEL),
        ("code", CANCEL),  # the sensors in it end what is replaced, withdrawn or silent
        ("step", set()),
        ("metrics", set()),
    ],
)
def test_nobody_may_ask_kubernetes_for_more_than_dagster_does(account: str, allowed: set[tuple[str, str]]) -> None:
    assert f"media-pipeline-{account}" in of_kind("ServiceAccount")
    bound = [b["roleRef"]["name"] for b in of_kind("RoleBinding").values() for s in b["subjects"]
             if s["name"] == f"media-pipeline-{account}"]  # fmt: skip
    rules = [rule for name in bound for rule in of_kind("Role")[name]["rules"]]
    assert {(v, r) for rule in rules for r in rule["resources"] for v in rule["verbs"]} == allowed
    has_token = of_kind("ServiceAccount")[f"media-pipeline-{account}"].get("automountServiceAccountToken", True)
    assert has_token is bool(allowed)  # the chart's pods do not say what they want, or not in every version
    assert not of_kind("ClusterRole")


def chosen(selector: Manifest, labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", {})
    expressions = selector.get("matchExpressions", ())
    assert all(e["operator"] == "In" for e in expressions)
    return wanted.items() <= labels.items() and all(labels.get(e["key"]) in e["values"] for e in expressions)


def reached(labels: dict[str, str]) -> set[str]:
    """The policies by which a pod with these labels reaches somebody."""
    policies = of_kind("NetworkPolicy")
    mine = {n: p["spec"] for n, p in policies.items() if chosen(p["spec"]["podSelector"], labels)}
    assert "default-deny" in mine
    return {name for name, spec in mine.items() if spec.get("egress")}


STEP = {**load().every["pod_template_spec_metadata"]["labels"], "app.kubernetes.io/name": "dagster",
        "app.kubernetes.io/component": "step_worker"}  # fmt: skip
(CODE,) = values()["dagster-user-deployments"]["deployments"]
SERVICES = {"to-dns", "to-object-store", "to-postgres", "to-telemetry"}


@pytest.mark.parametrize(
    ("who", "labels", "more"),
    [
        ("step", STEP, set()),
        ("run", {"media-pipeline/worker": "run"}, {"to-kubernetes"}),
        ("daemon", {"media-pipeline/worker": "engine", "component": "dagster-daemon"},
         {"to-kubernetes", "engine-to-code"}),
        ("code server", {"component": "user-deployments", **CODE["labels"]}, {"to-kubernetes"}),
        ("gateway", of_kind("Deployment")["media-pipeline-gateway"]["spec"]["template"]["metadata"]["labels"],
         {"to-kubernetes", "gateway-to-webserver", "gateway-to-internet"}),
        ("exporter", of_kind("Deployment")["media-pipeline-metrics"]["spec"]["template"]["metadata"]["labels"], set()),
    ],
)  # fmt: skip
def test_everybody_reaches_the_stores_and_hardly_anybody_else(who: str, labels: dict[str, str], more: set[str]) -> None:
    assert reached(labels) == SERVICES | more, who


def test_the_world_is_open_to_the_gateway_alone_and_the_api_to_who_asks_for_pods() -> None:
    for name, policy in of_kind("NetworkPolicy").items():
        for rule in policy["spec"].get("egress", ()):
            assert rule.get("to"), f"{name} lets out to everybody"
            assert rule.get("ports"), f"{name} lets out to every port"
            if any("ipBlock" in peer for peer in rule["to"]):
                assert name in {"to-kubernetes", "gateway-to-internet"}


def test_nobody_gets_in_but_by_name() -> None:
    for name, policy in of_kind("NetworkPolicy").items():
        for rule in policy["spec"].get("ingress", ()):
            assert rule.get("from"), name
            assert rule.get("ports"), name


def test_the_gateway_goes_out_to_nobodys_own_network() -> None:
    policy = of_kind("NetworkPolicy")["gateway-to-internet"]["spec"]
    assert policy["podSelector"] == {"matchLabels": {"app.kubernetes.io/component": "gateway"}}
    closed = [ipaddress.ip_network(each) for each in policy["egress"][0]["to"][0]["ipBlock"]["except"]]
    for own in ("10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "127.0.0.1", "100.64.0.1"):
        assert any(ipaddress.ip_address(own) in network for network in closed)
