"""A deployment on Kubernetes: our values and manifests, Postgres, S3, and a cluster that runs pods on this machine. The
test itself is the daemon, the code server (in which sensors run) and the gateway, each with the account of its own."""

import json
import logging
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import DEFAULT_DAGSTER_ENTRY_POINT, JobPythonOrigin, RepositoryPythonOrigin
from dagster._daemon.monitoring import execute_concurrency_slots_iteration, execute_run_monitoring_iteration

from media_pipeline.definitions import build
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform, prepare, production
from media_pipeline.defs.sensors import new_uploads, reconciled
from media_pipeline.domain.job import Job, TaskState
from media_pipeline.infrastructure import pods, recipes
from media_pipeline.infrastructure.settings import from_environment
from media_pipeline_tests.conftest import KEY, SECRET
from media_pipeline_tests.kubernetes import chart
from media_pipeline_tests.kubernetes.cluster import NAMESPACE, Cluster, cluster
from media_pipeline_tests.postgres import Postgres

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SECONDS = 300
IMAGE = "media-pipeline-code-server:0.1.0"


@dataclass
class World:
    cluster: Cluster
    here: Platform
    instance: dg.DagsterInstance
    """as the daemon has it, and below as the code server and the gateway have it"""
    of_code: dg.DagsterInstance
    of_gateway: dg.DagsterInstance
    s3: "S3Client"
    inbox: str

    @cached_property
    def definitions(self) -> dg.Definitions:
        return build(self.here)

    def request(self, clip: Path) -> dg.RunRequest:
        """What the sensor asks for when a clip has been uploaded."""
        self.s3.upload_file(str(clip), "uploads", f"{self.inbox}{clip.name}")
        cursor = None
        while True:  # the first listing only notes an object this young
            resources = {"platform": self.here}
            tick = new_uploads(dg.build_sensor_context(instance=self.of_code, cursor=cursor, resources=resources))
            assert isinstance(tick, dg.SensorResult)
            if tick.run_requests:
                return tick.run_requests[0]
            cursor = tick.cursor

    def launch(self, request: dg.RunRequest, *assets: str) -> str:
        """As the daemon does when a run's turn comes; a run over these assets, by default all."""
        key = str(request.partition_key)
        self.instance.add_dynamic_partitions(str(uploads.name), [key])
        pointer = ModuleCodePointer("media_pipeline_tests.kubernetes.deployment", "defs")
        code = RepositoryPythonOrigin(sys.executable, pointer, IMAGE, DEFAULT_DAGSTER_ENTRY_POINT, None)
        run = self.instance.create_run_for_job(
            self.definitions.resolve_job_def("process_upload"),
            asset_selection={dg.AssetKey(name.split("/")) for name in assets} or None,
            run_config=request.run_config,
            tags={**request.tags, "dagster/partition": key},
            job_code_origin=JobPythonOrigin("process_upload", code),
        )
        nowhere: Any = None  # only a code server is found by it
        self.instance.launch_run(run.run_id, workspace=nowhere)
        return run.run_id

    def listening(self, clip: Path) -> tuple[dg.RunRequest, str]:
        """A run that is at its step `subtitles`, as soon as it is; its source was admitted without a pod."""
        request = self.request(clip)
        key = str(request.partition_key)
        self.instance.add_dynamic_partitions(str(uploads.name), [key])
        admitted = self.definitions.resolve_job_def("process_upload").execute_in_process(
            instance=self.instance, partition_key=key, tags=request.tags, asset_selection=[dg.AssetKey("source")]
        )
        assert admitted.success
        run_id = self.launch(request, "subtitles")
        self.until(lambda: self.monitored().job(request).task("subtitles").state is TaskState.RUNNING)
        return request, run_id

    def run(self, run_id: str) -> dg.DagsterRun:
        found = self.instance.get_run_by_id(run_id)
        assert found is not None
        return found

    def over(self, run_id: str) -> dg.DagsterRun:
        """The run, as soon as it has ended and its pods with it."""
        self.until(lambda: self.run(run_id).is_finished and not self.cluster.kubelet.running)
        return self.run(run_id)

    def tick(self, sensor: dg.SensorDefinition) -> str:
        """One tick of a sensor, and what it says."""
        repository = self.definitions.get_repository_def()
        context = dg.build_sensor_context(
            instance=self.of_code, resources={"platform": self.here}, repository_def=repository
        )
        said = sensor(context)
        assert isinstance(said, dg.SkipReason)
        return str(said.skip_message)

    def monitored(self) -> "World":
        """One round of the daemon that looks after the workers of runs, and after the slots that dead ones hold."""
        process: Any = SimpleNamespace(instance=self.instance, create_request_context=lambda: None)
        for rounds in (execute_run_monitoring_iteration, execute_concurrency_slots_iteration):
            assert [trouble for trouble in rounds(process, logging.getLogger(__name__)) if trouble] == []
        return self

    def job(self, request: dg.RunRequest) -> Job:
        return self.here.catalogue.job(str(request.partition_key))

    def settled(self, run_id: str, request: dg.RunRequest) -> Job:
        """The job, after the daemon has decided that the run is not retried, and the catalogue was told."""
        self.instance.add_run_tags(run_id, {"dagster/will_retry": "false"})
        self.tick(reconciled)
        return self.job(request)

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not true():
            if time.monotonic() > deadline:
                pytest.fail("\n".join(self.told()))
            time.sleep(0.5)

    def told(self) -> Iterator[str]:
        """The last words of everybody."""
        for run in self.instance.get_runs():
            for event in self.instance.all_logs(run.run_id):
                if event.message and "intends" in event.message:
                    continue
                yield f"{datetime.fromtimestamp(event.timestamp)} {event.step_key} {event.message[:150]}"
        for pod in self.cluster.objects.seen:
            name = pod["metadata"]["name"]
            log = self.cluster.kubelet.home / f"{name}.log"
            last = log.read_text(errors="replace")[-1500:] if log.exists() else "never ran"
            yield f"--- {pod['metadata']['labels'].get('dagster/op', 'run')}: {name}\n{last}"


@contextmanager
def world(home: Path, s3: "S3Client", postgres: Postgres, **variables: str) -> Iterator[World]:
    """A deployment below an empty directory; all its processes have these variables, besides those that it needs."""
    engine_database = sa.make_url(postgres.new_database())
    said = chart.merged(
        chart.values(),
        {
            "postgresql": {
                "postgresqlHost": engine_database.host, "postgresqlUsername": engine_database.username,
                "postgresqlDatabase": engine_database.database, "service": {"port": engine_database.port},
            },
            "dagsterDaemon": {"runMonitoring": {"cancelTimeoutSeconds": 1, "freeSlotsAfterRunEndSeconds": 1}},
        },
    )  # fmt: skip
    files = _recipes(home / "recipes.yaml"), _pods(home / "pods.yaml")
    inbox = f"{uuid.uuid4().hex}/"
    own = {
        "MEDIA_PIPELINE_DATABASE": postgres.new_database(),
        "MEDIA_PIPELINE_UPLOADS_PREFIXES": json.dumps([inbox]),
    }
    given = {
        "media-pipeline": {**_config_map(), **_common(s3, *files), **own, **variables},
        "media-pipeline-postgres": {"postgresql-password": str(engine_database.password)},
    }
    with pytest.MonkeyPatch.context() as monkeypatch, cluster(home / "cluster", given, files) as made:
        _be_a_pod(home, made, given, monkeypatch)
        (home / "dagster").mkdir()
        (home / "dagster" / "dagster.yaml").write_text(yaml.safe_dump(chart.instance(said, namespace=NAMESPACE)))
        chosen = from_environment()
        prepare(chosen)
        with ExitStack() as stack:
            accounts = ("media-pipeline-engine", "media-pipeline-code", "media-pipeline-gateway")
            engine, code, gateway = (stack.enter_context(_instance_of(account, made)) for account in accounts)
            yield World(made, production(chosen), engine, code, gateway, s3, inbox)


@contextmanager
def _instance_of(account: str, made: Cluster) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance in a pod with this account."""
    with dg.DagsterInstance.get() as instance:
        with made.account(account):
            assert instance.run_launcher  # is made now, and its client with it
        yield instance


def _be_a_pod(
    home: Path, made: Cluster, given: Mapping[str, Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process has what a pod of ours has."""
    own = {"HOME": str(home), "DAGSTER_HOME": str(home / "dagster"), "MEDIA_PIPELINE_HOME": str(home),
           "DAGSTER_PG_PASSWORD": given["media-pipeline-postgres"]["postgresql-password"]}  # fmt: skip
    for name, value in {**given["media-pipeline"], **made.kubelet.api, **own}.items():
        monkeypatch.setenv(name, value)


def _config_map() -> dict[str, str]:
    text = yaml.safe_load((chart.DEPLOYED / "base" / "config.yaml").read_text())
    found: dict[str, str] = text["data"]
    return found


def _common(s3: "S3Client", recipes_file: Path, pods_file: Path) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_ENDPOINT_URL_S3": s3.meta.endpoint_url,
        "MEDIA_PIPELINE_LOGS_BUCKET": "media",
        "MEDIA_PIPELINE_ALLOW_WEAK_SANDBOX": "true",
        "MEDIA_PIPELINE_PROFILE": "fast",
        "MEDIA_PIPELINE_RECIPES": str(recipes_file),
        "MEDIA_PIPELINE_PODS": str(pods_file),
        "DAGSTER_STEP_DELEGATING_EXECUTOR_SLEEP_SECONDS": "0.2",
    }


def _recipes(to: Path) -> Path:
    """The profile `fast` with every stage, and one rung: each more of them is a dozen events in every run."""
    text = yaml.safe_load(recipes.PACKAGED.read_text())
    fast = text["profiles"]["fast"] | {"rungs": ["360p-fast"], "passthrough": False}
    rungs = {"360p-fast": text["rungs"]["360p-fast"]}
    to.write_text(yaml.safe_dump(text | {"rungs": rungs, "profiles": {"fast": fast}}))
    return to


def _pods(to: Path) -> Path:
    """As they are, looked after more often."""
    text: dict[str, Any] = yaml.safe_load(pods.PACKAGED.read_text())
    to.write_text(yaml.safe_dump(text | {"health_seconds": 1, "image_seconds": 1}))
    return to
