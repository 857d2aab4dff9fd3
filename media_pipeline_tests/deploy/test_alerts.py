"""Alerts and dashboard name what there is, say what to do, and fire when they should."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from media_pipeline.cli.scraped import served
from media_pipeline.domain.census import Pulse, Vitals
from media_pipeline.gateway.watched import Numbers
from media_pipeline.infrastructure.prometheus import Exporter
from media_pipeline_tests import builders as a
from media_pipeline_tests.conftest import free_ports
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryFigures

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "prometheus"
RUNBOOKS = ROOT / "docs" / "runbooks"
OBSERVABILITY = ROOT / "docs" / "observability.md"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboard.json"
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
READY_SECONDS = 30
VITALS = Vitals({"QUEUED": 0}, {"new_uploads": Pulse(4.0)}, {"SENSOR": Pulse(4.0)})


def exporter() -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    catalogue = MemoryCatalogue()
    catalogue.register(a.upload(), title="", tenant="", profile="default", tasks=(), at=a.NOW)
    registry.register(Exporter(MemoryFigures(catalogue), lambda: VITALS, now=lambda: a.NOW))
    return registry


def there() -> set[str]:
    """Every name that can be asked for."""
    families = [family for registry in (exporter(), Numbers().registry) for family in registry.collect()]
    return {family.name + suffix for family in families for suffix in SUFFIXES[family.type]}


def named(text: str) -> set[str]:
    return set(re.findall(r"\bmedia_pipeline_[a-z_]+", text))


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load((DEPLOY / "rules.yaml").read_text())["groups"] for rule in group["rules"]]


def panels() -> list[str]:
    """The expressions of the dashboard."""
    shown = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in shown for target in panel.get("targets", ())]


def test_every_metric_that_is_asked_for_exists() -> None:
    asked = named("\n".join([*(rule["expr"] for rule in rules()), *panels()]))
    assert len(asked) > 25
    assert asked - there() == set()


def test_every_metric_is_told_of_in_the_guide_and_no_other() -> None:
    told = named(OBSERVABILITY.read_text())
    short = {re.sub(r"_(bucket|sum|count)$", "", name) for name in there()}
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in told} == short


def test_every_alert_says_what_to_do_on_a_page_of_its_own() -> None:
    alerts = {rule["alert"] for rule in rules()}
    assert {page.stem for page in RUNBOOKS.glob("*.md")} == alerts
    for rule in rules():
        page = ROOT / rule["annotations"]["runbook_url"]
        assert page.stem == rule["alert"]
        assert [line for line in page.read_text().splitlines() if line.startswith("#")] == [
            f"# {rule['alert']}", "## Look", "## Do"
        ]  # fmt: skip
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"]


def test_links_between_pages_lead_somewhere() -> None:
    for page in RUNBOOKS.glob("*.md"):
        for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
            assert (RUNBOOKS / link).exists(), (page.name, link)


def test_every_alert_is_shown_to_fire() -> None:
    tests = yaml.safe_load((DEPLOY / "rules_test.yaml").read_text())["tests"]
    assert {test["name"] for test in tests} == {rule["alert"] for rule in rules()} | {"a quiet day"}


def test_jobs_have_one_name_wherever_prometheus_is_and_alerts_ask_for_no_other() -> None:
    configs = [yaml.safe_load((DEPLOY / name).read_text()) for name in ("prometheus.yaml", "kubernetes.yaml")]
    beside, inside = ({job["job_name"] for job in config["scrape_configs"]} for config in configs)
    said = {job for rule in rules() for job in re.findall(r'job="([^"]+)"', rule["expr"])}
    assert said == beside == inside


@pytest.fixture(scope="module")
def programs() -> Path:
    """Where prometheus and promtool are."""
    found = shutil.which("promtool") or shutil.which("promtool", path=ROOT / ".prometheus" / "usr" / "bin")
    if found is None:
        if os.environ.get("MEDIA_PIPELINE_REQUIRE_PROMETHEUS"):
            pytest.fail("promtool is not there: make prometheus")
        pytest.skip("no promtool here: `make prometheus` unpacks Debian's")
    return Path(found).parent


def run(programs: Path, *arguments: str) -> None:
    done = subprocess.run([programs / "promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_promtool_finds_no_fault(programs: Path, tmp_path: Path) -> None:
    run(programs, "check", "config", str(DEPLOY / "prometheus.yaml"))
    inside = yaml.safe_load((DEPLOY / "kubernetes.yaml").read_text())
    for job in inside["scrape_configs"]:  # Debian builds its Prometheus without this way to find targets
        assert job.pop("kubernetes_sd_configs") == [{"role": "pod", "namespaces": {"names": ["media-pipeline"]}}]
    (tmp_path / "inside.yaml").write_text(yaml.safe_dump(inside))
    run(programs, "check", "config", str(tmp_path / "inside.yaml"))
    run(programs, "test", "rules", str(DEPLOY / "rules_test.yaml"))


def test_what_the_dashboard_asks_is_understood(programs: Path, tmp_path: Path) -> None:
    asked = [expression.replace("$__rate_interval", "5m") for expression in panels()]
    recorded = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(asked)]
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}))
    run(programs, "check", "rules", str(rules))


def test_prometheus_is_told_no_number_in_a_form_it_does_not_know(programs: Path) -> None:
    with served(exporter(), host="127.0.0.1", port=0) as url, urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read()
    done = subprocess.run([programs / "promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert done.stdout + done.stderr == b""


@pytest.mark.slow
def test_a_real_prometheus_scrapes_both_and_loads_every_alert(programs: Path, tmp_path: Path) -> None:
    with (
        served(exporter(), host="127.0.0.1", port=0) as platform,
        served(Numbers().registry, host="127.0.0.1", port=0) as gateway,
        prometheus(programs, tmp_path, {"media-pipeline": platform, "media-pipeline-gateway": gateway}) as url,
    ):
        until(lambda: value(url, 'sum(up{job=~"media-pipeline.*"})') == 2)
        assert value(url, 'media_pipeline_queue_jobs{origin="live"}') == 1
        assert value(url, "sum(media_pipeline_received_total)") == 1
        assert value(url, 'histogram_quantile(0.5, media_pipeline_time_to_playable_seconds_bucket{origin="live"})') != 0
        assert value(url, "media_pipeline_gateway_requests_in_progress") == 0
        groups = asked(url, "rules")["groups"]
        loaded = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
        assert set(loaded) == {rule["alert"] for rule in rules()}
        until(lambda: {r["health"] for g in asked(url, "rules")["groups"] for r in g["rules"]} == {"ok"})


@contextmanager
def prometheus(programs: Path, home: Path, targets: dict[str, str]) -> Iterator[str]:
    """A server with our configuration, but for where and how often it asks."""
    config = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(DEPLOY / "rules.yaml")]
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [targets[job["job_name"]].split("/")[2]]}]
    (home / "prometheus.yaml").write_text(yaml.safe_dump(config))
    (port,) = free_ports(1)
    command = [str(programs / "prometheus"), f"--config.file={home / 'prometheus.yaml'}"]
    command += [f"--storage.tsdb.path={home / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=home)
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: ready(url))
        yield url
    finally:
        server.kill()
        server.wait()


def ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=1):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def asked(url: str, what: str) -> Any:
    with urllib.request.urlopen(f"{url}/api/v1/{what}", timeout=10) as answer:
        return json.load(answer)["data"]


def value(url: str, expression: str) -> float | None:
    """Of the one series that it comes to; None where there is none."""
    found = asked(url, f"query?query={urllib.parse.quote(expression)}")["result"]
    return float(found[0]["value"][1]) if found else None


def until(true: Any) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
