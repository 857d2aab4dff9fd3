"""The compose file as an engine would get it: who is published, who may do what, what is in plain."""

import ipaddress
import itertools
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from media_pipeline_tests.deploy.tree import COMPOSE_FILE, ROOT, SECRETS, commands, is_known, rendered, run

ONCE = {"store-volume", "migrations", "buckets"}
PUBLISHED = {"gateway", "webserver", "operators-door", "store"}
OURS = {"migrations", "buckets", "code", "webserver", "operators", "daemon", "gateway", "metrics"}


@pytest.fixture(scope="module")
def services(secrets: Path) -> dict[str, Any]:
    found: dict[str, Any] = rendered(secrets)["services"]
    return found


def test_compose_lint_finds_nothing_grave() -> None:
    run("compose-lint", COMPOSE_FILE)


def test_nothing_is_published_but_the_front_doors_and_those_on_loopback(services: dict[str, Any]) -> None:
    ports = {name: service.get("ports", []) for name, service in services.items()}
    assert {name for name, found in ports.items() if found} == PUBLISHED
    for found in ports.values():
        assert all(ipaddress.ip_address(port["host_ip"]).is_loopback for port in found)


def test_ports_stay_on_loopback_whatever_they_are(secrets: Path) -> None:
    moved = rendered(secrets, GATEWAY_PORT="18080", UI_PORT="13000", OPERATORS_PORT="13001", STORE_PORT="18333")
    ports = [port for service in moved["services"].values() for port in service.get("ports", [])]
    assert {port["published"] for port in ports} == {"18080", "13000", "13001", "18333"}
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_secrets_stand_nowhere_in_plain(secrets: Path) -> None:
    text = yaml.safe_dump(rendered(secrets))
    assert [name for name in SECRETS if (secrets / name).read_text() in text] == []
    for service in rendered(secrets)["services"].values():
        for name, value in (service.get("environment") or {}).items():
            secret = any(word in name for word in ("PASSWORD", "SECRET", "KEY_ID", "SIGNING_KEY", "TOKEN"))
            assert not secret or (name.endswith("_FILE") and value.startswith("/run/secrets/")), name


def test_every_secret_is_used_and_made(secrets: Path, services: dict[str, Any]) -> None:
    used = {secret["source"] for service in services.values() for secret in service.get("secrets", [])}
    assert used == set(rendered(secrets)["secrets"]) == set(SECRETS)
    made = (ROOT / "deploy" / "secrets.sh").read_text()
    assert f"for name in {' '.join(SECRETS)}; do" in made


def test_who_has_which_secret(services: dict[str, Any]) -> None:
    has = {n: {s["source"] for s in service.get("secrets", [])} for n, service in services.items()}
    assert {name for name, found in has.items() if "operator_password" in found} == {"operators-door"}
    assert {name for name, found in has.items() if "signing_key" in found} == {"gateway"}
    assert has["postgres"] == {"postgres_password"}


def test_every_variable_of_ours_is_read_by_somebody(services: dict[str, Any]) -> None:
    given = {name for service in services.values() for name in (service.get("environment") or {})}
    assert "MEDIA_PIPELINE_DATABASE" in given
    assert {name for name in given if not is_known(name)} == set()


def test_what_dagster_reads_is_given_to_whoever_reads_it(services: dict[str, Any]) -> None:
    instance = (ROOT / "deploy" / "dagster.yaml").read_text()
    asked = {line.split("{env: ")[1].split("}")[0] for line in instance.splitlines() if "{env: " in line}
    for name in OURS - {"buckets"}:
        given = {variable.removesuffix("_FILE") for variable in services[name]["environment"]}
        assert asked - {"MEDIA_PIPELINE_HOME"} <= given, name  # that one is the image's


def test_every_command_is_one_of_ours(services: dict[str, Any], known_commands: set[str]) -> None:
    said = commands(yaml.safe_dump([service.get("command") for service in services.values()], default_flow_style=True))
    assert {"gateway", "migrate", "buckets", "metrics"} <= said <= known_commands


@pytest.mark.parametrize("what", ["read_only", "cap_drop", "security_opt", "limits", "logging"])
def test_every_service_is_held_short(services: dict[str, Any], what: str) -> None:
    def held(service: dict[str, Any]) -> bool:
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        return {
            "read_only": service.get("read_only") is True,
            "cap_drop": service.get("cap_drop") == ["ALL"] and not service.get("privileged"),
            "security_opt": service.get("security_opt") == ["no-new-privileges:true"],
            "limits": {"cpus", "memory", "pids"} <= set(limits),
            "logging": "max-size" in service.get("logging", {}).get("options", {}),
        }[what]

    assert [name for name, service in services.items() if not held(service)] == []


def test_nobody_is_given_the_engine_or_the_machine(services: dict[str, Any]) -> None:
    for name, service in services.items():
        sources = [str(v.get("source")) for v in service.get("volumes", []) if v["type"] == "bind"]
        assert all(Path(s).is_relative_to(ROOT / "deploy") for s in sources), name
        assert not {"pid", "ipc", "devices"} & set(service), name
        assert service.get("network_mode") in {None, "none"}, name


def test_what_works_on_uploads_and_what_can_change_things_has_no_way_out(secrets: Path) -> None:
    found = rendered(secrets)
    assert found["networks"]["inside"]["internal"] is True
    for name in ("code", "daemon", "operators", "postgres", "migrations", "buckets", "metrics"):
        assert set(found["services"][name]["networks"]) == {"inside"}, name


def test_people_only_look(services: dict[str, Any]) -> None:
    assert "--read-only" in services["webserver"]["command"]
    assert "--read-only" not in services["operators"]["command"]
    assert "ports" not in services["operators"]
    assert services["gateway"]["environment"]["MEDIA_PIPELINE_DAGSTER_URL"] == "http://webserver:3000"
    door = (ROOT / "deploy" / "operators" / "Caddyfile").read_text()
    assert door.index("basic_auth") < door.index("reverse_proxy operators:3000")


def test_everybody_waits_for_what_it_needs(services: dict[str, Any]) -> None:
    waits = {n: {d: c["condition"] for d, c in s.get("depends_on", {}).items()} for n, s in services.items()}
    for needed in (one for of in waits.values() for one in of.items()):
        done = "service_completed_successfully" if needed[0] in ONCE else "service_healthy"
        assert needed[1] == done
    order = ["postgres", "migrations", "buckets", "code", "webserver", "gateway"]
    for before, after in itertools.pairwise(order):
        assert before in waits[after] or before in {d for w in waits[after] for d in waits[w]}
    assert "postgres" in waits["migrations"]
    assert {"store", "migrations"} <= set(waits["buckets"])
    assert all(service["restart"] == ("no" if n in ONCE else "unless-stopped") for n, service in services.items())


def test_whoever_is_waited_for_says_how_it_is(services: dict[str, Any]) -> None:
    waited = {dependency for service in services.values() for dependency in service.get("depends_on", {})} - ONCE
    of_the_image = {"webserver", "operators", "code"}  # the command stands in the Dockerfile
    assert {name for name in waited - of_the_image if "test" not in services[name].get("healthcheck", {})} == set()


def test_one_daemon(services: dict[str, Any]) -> None:
    daemons = [name for name, service in services.items() if "dagster-daemon" in (service.get("command") or [])]
    assert daemons == ["daemon"]
    assert services["daemon"].get("deploy", {}).get("replicas", 1) == 1


def test_images_have_a_version_and_ours_the_projects(services: dict[str, Any]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for name, service in services.items():
        image, _, tag = service["image"].partition(":")
        assert tag not in {"", "latest"}, name
        assert (name in OURS) == image.startswith("media-pipeline-")
        assert name not in OURS or tag == version
        assert "." not in image.split("/")[0]  # no registry's host


def test_what_is_mounted_is_there(secrets: Path, services: dict[str, Any]) -> None:
    bound = [v["source"] for s in services.values() for v in s.get("volumes", []) if v["type"] == "bind"]
    files = [config["file"] for config in rendered(secrets)["configs"].values()]
    assert [path for path in [*bound, *files] if not Path(path).exists()] == []
