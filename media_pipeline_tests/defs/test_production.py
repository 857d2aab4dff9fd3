"""A deployment as `deploy/` describes it: objects and step logs on S3, catalogue and history on Postgres."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml

from media_pipeline.application.publish import published
from media_pipeline.definitions import build
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform, prepare, production
from media_pipeline.defs.sensors import new_uploads, reconciled
from media_pipeline.domain.job import Job, JobState
from media_pipeline.infrastructure import database
from media_pipeline.infrastructure.dagster_engine import instance
from media_pipeline_tests import media
from media_pipeline_tests.conftest import KEY, SECRET
from media_pipeline_tests.platform import settings
from media_pipeline_tests.postgres import Postgres

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REPOSITORY = Path(__file__).parent.parent.parent
DEPLOYED = REPOSITORY / "deploy" / "dagster.yaml"


@pytest.fixture
def here(tmp_path: Path, s3: "S3Client", postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """The platform, with the environment of a deployment."""
    dagster = sa.make_url(postgres.new_database())
    environment = {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": s3.meta.endpoint_url,
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "DAGSTER_PG_HOST": dagster.host,
        "DAGSTER_PG_PORT": str(dagster.port),
        "DAGSTER_PG_USERNAME": dagster.username,
        "DAGSTER_PG_PASSWORD": dagster.password,
        "DAGSTER_PG_DB": dagster.database,
        "MEDIA_PIPELINE_HOME": str(tmp_path),
        "MEDIA_PIPELINE_LOGS_BUCKET": "media",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))
    chosen = settings(tmp_path, resources="production", database=postgres.new_database(), profile="fast")
    prepare(chosen)
    return production(chosen)


@pytest.fixture
def engine(here: Platform) -> Iterator[dg.DagsterInstance]:
    home = here.settings.dagster_home
    home.mkdir()
    shutil.copyfile(DEPLOYED, home / "dagster.yaml")
    with instance(home) as found:
        yield found


@pytest.mark.slow
def test_a_deployment_makes_the_same_media(
    tmp_path: Path, here: Platform, engine: dg.DagsterInstance, s3: "S3Client"
) -> None:
    """From the sensor that finds an object to the manifest that names others, all of them in buckets."""
    s3.upload_file(str(media.clip(tmp_path / "clip.mp4", 3)), "uploads", "Holiday 2026/clip ü.mp4")
    found: list[dg.RunRequest] = []
    cursor = None
    while not found:  # the first listing only notes an object this young
        context = dg.build_sensor_context(instance=engine, cursor=cursor, resources={"platform": here})
        tick = new_uploads(context)
        assert isinstance(tick, dg.SensorResult)
        found, cursor = list(tick.run_requests or []), tick.cursor
    (request,) = found
    engine.add_dynamic_partitions(str(uploads.name), [str(request.partition_key)])
    result = (
        build(here)
        .resolve_job_def("process_upload")
        .execute_in_process(instance=engine, partition_key=request.partition_key, tags=request.tags)
    )
    assert result.success
    job = here.catalogue.job(str(request.partition_key))
    assert job.state is JobState.READY
    manifest = published(job.media_id, shelf=here.shelf, codec=here.manifest_codec)
    assert manifest is not None
    named = [manifest.hls, manifest.dash, manifest.poster]
    assert {f"{job.media_id}/{name}" for name in named} <= keys(s3, f"{job.media_id}/")
    assert list(here.settings.scratch_dir.iterdir()) == []

    (record,) = engine.get_run_records()
    assert record.dagster_run.status is dg.DagsterRunStatus.SUCCESS
    assert engine.get_latest_materialization_event(dg.AssetKey("publication")) is not None
    logs = keys(s3, f"dagster/storage/{result.run_id}/compute_logs/")
    assert logs
    assert any(s3.get_object(Bucket="media", Key=key)["Body"].read() for key in logs)
    assert not list(tmp_path.rglob("*.db"))  # nothing of either database is on this machine's disk

    forget(here)
    assert here.catalogue.job(job.media_id).state is JobState.PROCESSING
    reconciled(dg.build_sensor_context(instance=engine, resources={"platform": here}))
    assert told(here.catalogue.job(job.media_id)) == told(job)


def forget(here: Platform) -> None:
    """The catalogue loses what it was told since the run began, as from a backup."""
    tables = sa.create_engine(here.settings.database_url)
    with tables.begin() as connection:
        connection.execute(sa.update(database.jobs).values(state="processing", revision=0, playable_at=None))
        connection.execute(sa.update(database.tasks).values(state="waiting", progress=0, fingerprint=None, reason=None))
    tables.dispose()


def told(job: Job) -> tuple[object, ...]:
    """What the two stores must agree about; not the times at which the catalogue was told."""
    tasks = [(t.name, t.state, t.progress, t.reason, t.fingerprint) for t in job.tasks]
    return job.state, job.revision, job.failure, tasks


def keys(s3: "S3Client", prefix: str) -> set[str]:
    return {o["Key"] for o in s3.list_objects_v2(Bucket="media", Prefix=prefix).get("Contents", [])}


def test_a_deployment_differs_from_one_machine_in_storage_alone() -> None:
    deployed, local = (yaml.safe_load(p.read_text()) for p in (DEPLOYED, REPOSITORY / "dagster.yaml"))
    assert {"storage", "compute_logs"} == set(deployed) - set(local)
    assert {name: deployed[name] for name in local} == local


def test_a_deployment_has_no_secret_in_its_configuration() -> None:
    storage = yaml.safe_load(DEPLOYED.read_text())["storage"]["postgres"]["postgres_db"]
    assert {n for n, v in storage.items() if isinstance(v, dict) and "env" in v} == {
        "hostname", "port", "username", "password", "db_name"
    }  # fmt: skip
