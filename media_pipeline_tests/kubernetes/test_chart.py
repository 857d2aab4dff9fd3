"""Our values for the Dagster chart: the same numbers and names as everywhere, and nothing given away."""

from typing import Any

import yaml

from media_pipeline_tests.kubernetes import chart
from media_pipeline_tests.kubernetes.cluster import NAMESPACE

REPOSITORY = chart.DEPLOYED.parent.parent


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


def test_the_chart_makes_no_accounts_and_gives_no_rights() -> None:
    said = chart.values()
    for whose, account in ((said, "engine"), (said["dagster-user-deployments"], "code")):
        assert whose["rbacEnabled"] is False
        assert whose["serviceAccount"] == {"create": False, "name": f"media-pipeline-{account}"}
    assert "serviceAccountName" not in said["global"]  # it would win over both


def test_the_daemon_knows_the_code_by_the_name_that_the_gateway_says() -> None:
    said = chart.values()
    (code,) = said["dagster-user-deployments"]["deployments"]
    (server,) = said["dagsterWebserver"]["workspace"]["servers"]
    (deployed,) = read("deploy/workspace.yaml")["load_from"]
    assert server["name"] == deployed["grpc_server"]["location_name"] == "media_pipeline"
    assert (server["host"], server["port"]) == (code["name"], code["port"])
