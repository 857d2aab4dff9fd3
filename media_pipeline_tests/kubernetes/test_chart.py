"""Our values for the Dagster chart: the same numbers as everywhere, and what the chart itself makes of them."""

import os
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from media_pipeline_tests.kubernetes import chart
from media_pipeline_tests.kubernetes.cluster import NAMESPACE
from media_pipeline_tests.kubernetes.test_manifests import VERSIONS, checked

REPOSITORY = chart.DEPLOYED.parent.parent
CHART = "DAGSTER_HELM_CHART"
"""variable: a directory or an archive that has the chart"""


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((REPOSITORY / name).read_text())
    return found


def made(overlay: str | None = None) -> dict[str, Any]:
    return chart.instance(chart.values(overlay), namespace=NAMESPACE)


def test_a_cluster_has_the_numbers_of_one_machine() -> None:
    there, local = made("local"), read("dagster.yaml")
    for section in ("concurrency", "run_coordinator", "run_retries", "python_logs", "sensors", "telemetry", "nux"):
        assert there[section] == local[section], section
    assert local["run_monitoring"].items() <= there["run_monitoring"].items()  # the chart says more
    kept = local["retention"]["sensor"]["purge_after_days"]
    assert kept.items() <= there["retention"]["sensor"]["purge_after_days"].items()


def test_history_and_logs_are_kept_as_in_any_deployment() -> None:
    there, deployed = made(), read("deploy/dagster.yaml")
    assert deployed["compute_logs"]["config"].items() <= there["compute_logs"]["config"].items()
    ours, theirs = (x["storage"]["postgres"]["postgres_db"] for x in (there, deployed))
    assert ours["scheme"] == theirs["scheme"] == "postgresql+psycopg2"
    assert {k: str(v) for k, v in ours["params"].items()} == {k: str(v) for k, v in theirs["params"].items()}


def test_production_leaves_a_slot_to_everybody_else() -> None:
    runs = made("production")["concurrency"]["runs"]
    local = made()["concurrency"]["runs"]
    slots = runs["max_concurrent_runs"]
    assert slots > local["max_concurrent_runs"]
    assert [(x["key"], x.get("value"), x["limit"]) for x in runs["tag_concurrency_limits"]] == [
        (x["key"], x.get("value"), slots - 1) for x in local["tag_concurrency_limits"]
    ]


def test_nothing_secret_stands_in_the_values() -> None:
    storage = made()["storage"]["postgres"]["postgres_db"]
    assert storage["password"] == {"env": "DAGSTER_PG_PASSWORD"}
    said = chart.values()
    assert not said["generatePostgresqlPasswordSecret"]
    assert "postgresqlPassword" not in said["postgresql"]


@pytest.mark.parametrize("overlay", ["local", "production"])
def test_the_chart_itself_makes_of_our_values_what_we_think(overlay: str) -> None:
    where, helm = os.environ.get(CHART), shutil.which("helm")
    if not (where and helm):
        pytest.skip(f"the official chart was not rendered: {CHART} names no chart, or there is no helm")
    files = [chart.DEPLOYED / "values.yaml", chart.DEPLOYED / "overlays" / overlay / "values.yaml"]
    command = [helm, "template", chart.RELEASE, where, "--namespace", NAMESPACE]
    command += [word for file in files for word in ("--values", str(file))]
    rendered = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    manifests = [m for m in yaml.safe_load_all(rendered) if m]
    for version in VERSIONS:
        checked(manifests, version)
    (config,) = (m for m in manifests if m["kind"] == "ConfigMap" and m["metadata"]["name"].endswith("-instance"))
    theirs = yaml.safe_load(config["data"]["dagster.yaml"])
    ours = made(overlay)
    for storage in ("run_storage", "event_log_storage", "schedule_storage"):
        assert theirs.pop(storage)["config"] == ours["storage"]["postgres"]
    del ours["storage"]
    assert theirs == ours
    assert not [m for m in manifests if m["kind"] in {"Role", "ServiceAccount", "Secret"}]
