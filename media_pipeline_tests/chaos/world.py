"""What the storm goes over: a deployment on S3 and Postgres with a real daemon, each part of which can be killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import dagster as dg
import psutil
import sqlalchemy as sa
import yaml
from botocore.exceptions import ClientError

from media_pipeline.defs.resources import Platform, prepare, production
from media_pipeline.defs.upkeep import garbage_of
from media_pipeline.domain.job import Job
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.dagster_engine import DagsterEngine, seed
from media_pipeline.infrastructure.settings import from_environment
from media_pipeline_tests.chaos.judge import Stores
from media_pipeline_tests.conftest import KEY, SECRET, seaweedfs
from media_pipeline_tests.faulty import Proxy, faulty
from media_pipeline_tests.postgres import Postgres, running

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STALL_SECONDS = 15
_DEPLOYED = Path(__file__).parent.parent.parent / "deploy" / "dagster.yaml"
_SOONER = {"poll_interval_seconds": 5, "start_timeout_seconds": 60, "cancel_timeout_seconds": 15}
"""so that a storm is over in minutes; only how long is waited, never what is done then"""
_MARK = "CHAOS_HOME"
"""in the environment of the deployment's processes, and of no other: not of its stores"""
_DAEMON, _CODE_SERVER, _WORKER = "dagster._daemon", " api grpc", "multiprocessing.spawn"


@dataclass
class World:
    """One deployment. `s3` and `here` reach the store without its faults; the deployment itself goes by the proxy."""

    home: Path
    s3: "S3Client"
    here: Platform
    proxy: Proxy
    postgres: Postgres
    environment: dict[str, str]

    @property
    def log(self) -> Path:
        return self.home / "daemon.log"

    def start(self) -> None:
        command = [sys.executable, "-m", _DAEMON, "run", "-m", "media_pipeline_tests.chaos.deployment"]
        with self.log.open("ab") as log:
            subprocess.Popen(command, env=self.environment, cwd=self.home, stdout=log, stderr=log)

    def last_words(self) -> str:
        """The end of what its daemon said."""
        return self.log.read_text(errors="replace")[-2000:]

    def processes(self, word: str = "") -> list[psutil.Process]:
        """Those of the deployment whose command line holds a word, the oldest first. Orphans are among them."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                of_ours = process.environ().get(_MARK) == str(self.home)
                if of_ours and word in " ".join(process.cmdline()):
                    found.append(process)
        return sorted(found, key=lambda p: (p.create_time(), p.pid))

    def daemons(self) -> list[psutil.Process]:
        return self.processes(_DAEMON)

    def code_servers(self) -> list[psutil.Process]:
        return self.processes(_CODE_SERVER)

    def workers(self) -> list[psutil.Process]:
        return self.processes(_WORKER)

    def tools(self) -> list[psutil.Process]:
        """What the workers run: ffmpeg, the packager, their sandbox."""
        found = []
        for worker in self.workers():
            with suppress(psutil.Error):
                found += [p for p in worker.children(recursive=True) if _WORKER not in " ".join(p.cmdline())]
        return found

    def at(self, stage: str, media_id: str) -> bool:
        """Whether a try at a step has begun and not ended, as the catalogue has it."""
        tried = self.here.catalogue.attempts(media_id, self.here.catalogue.job(media_id).version)
        return any(a.stage == stage and a.ended_at is None for a in tried)

    def jobs(self) -> list[Job]:
        return self.here.catalogue.jobs(limit=10_000)

    @contextmanager
    def stores(self) -> Iterator[Stores]:
        """What there is to judge by."""
        with dg.DagsterInstance.get() as instance:
            yield Stores(self.here.shelf, self.here.catalogue, DagsterEngine(instance))

    def sweep(self, delete: bool) -> list[str]:
        """The garbage collector's turn: the media of which it found something."""
        with dg.DagsterInstance.get() as instance:
            return [swept.media_id for swept in garbage_of(self.here, instance, delete=delete)]

    def newer(self, key: str, than: str) -> tuple[bytes, str] | None:
        """A published object and its ETag; None where it has the one given, or is not there."""
        try:
            answer = self.s3.get_object(Bucket="media", Key=key, IfNoneMatch=than)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"304", "NoSuchKey", "404"}:
                raise
            return None
        return answer["Body"].read(), answer["ETag"]


def kill(processes: list[psutil.Process]) -> int:
    """With -9. How many were there to be killed."""
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    gone, _ = psutil.wait_procs(processes, timeout=10)
    return len(gone)


@contextmanager
def world(home: Path) -> Iterator[World]:
    """A deployment below an empty directory, at work until the end of the block."""
    with ExitStack() as stack:
        home.mkdir(parents=True, exist_ok=True)
        (home / "seaweedfs").mkdir()
        endpoint = stack.enter_context(seaweedfs(home / "seaweedfs"))
        stack.enter_context(_small_disk(home / "scratch"))
        proxy = stack.enter_context(faulty(endpoint))
        postgres = stack.enter_context(running())
        environment = os.environ | _environment(home, endpoint, postgres)
        os.environ.update(environment)  # Dagster's instance and boto3 of this process read it there
        settings = from_environment()
        prepare(settings)
        _dagster_home(settings.dagster_home)
        client = boto3.client("s3")
        made = World(
            home,
            client,
            production(settings),
            proxy,
            postgres,
            environment | {"AWS_ENDPOINT_URL_S3": proxy.endpoint, _MARK: str(home)},
        )
        stack.callback(lambda: kill(made.processes()))
        made.start()
        yield made


def _environment(home: Path, endpoint: str, postgres: Postgres) -> dict[str, str]:
    dagster = sa.make_url(postgres.new_database())
    return {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": endpoint,
        "DAGSTER_HOME": str(home / "dagster"),
        "DAGSTER_PG_HOST": str(dagster.host),
        "DAGSTER_PG_PORT": str(dagster.port),
        "DAGSTER_PG_USERNAME": str(dagster.username),
        "DAGSTER_PG_PASSWORD": str(dagster.password),
        "DAGSTER_PG_DB": str(dagster.database),
        "MEDIA_PIPELINE_HOME": str(home),
        "MEDIA_PIPELINE_LOGS_BUCKET": "media",
        "MEDIA_PIPELINE_RESOURCES": "production",
        "MEDIA_PIPELINE_ALLOW_WEAK_SANDBOX": "true",
        "MEDIA_PIPELINE_DATABASE": postgres.new_database(),
        "MEDIA_PIPELINE_PROFILE": "fast",
        "MEDIA_PIPELINE_RECIPES": str(_recipes(home / "recipes.yaml")),
        "MEDIA_PIPELINE_LIST_EVERY_SECONDS": "1",
        "MEDIA_PIPELINE_STALL_SECONDS": str(STALL_SECONDS),
        "MEDIA_PIPELINE_GC_GRACE_SECONDS": "0",
    }


def _recipes(to: Path) -> Path:
    """The profile `fast` with every stage, and one rung."""
    text = yaml.safe_load(recipes.PACKAGED.read_text())
    fast = text["profiles"]["fast"] | {"rungs": ["360p-fast"], "passthrough": False}
    to.write_text(yaml.safe_dump(text | {"profiles": {"fast": fast}}))
    return to


def _dagster_home(home: Path) -> None:
    home.mkdir()
    deployed = yaml.safe_load(_DEPLOYED.read_text())
    deployed["run_monitoring"] |= _SOONER
    (home / "dagster.yaml").write_text(yaml.safe_dump(deployed))
    seed(home)


@contextmanager
def _small_disk(place: Path) -> Iterator[None]:
    """A disk of its own for scratch, which can be full without harm to others, where this user may mount one."""
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(place)], capture_output=True, check=False
    )
    try:
        yield
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "--lazy", str(place)], check=True)
