"""Backup, loss and restore of a deployment by the operator's scripts, over a real Postgres and a real store."""

import os
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
import sqlalchemy as sa

from media_pipeline.application.publish import published
from media_pipeline.application.status import described
from media_pipeline.definitions import build
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.sensors import new_uploads
from media_pipeline.domain.job import JobState
from media_pipeline_tests import media
from media_pipeline_tests.defs.test_production import engine, here
from media_pipeline_tests.deploy.tree import ROOT
from media_pipeline_tests.postgres import Postgres

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["engine", "here"]


@pytest.fixture(autouse=True)
def listed_at_every_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_PIPELINE_LIST_EVERY_SECONDS", "0")


def found(here: Platform, engine: dg.DagsterInstance, ticks: int) -> list[dg.RunRequest]:
    """What the sensor asks for in so many ticks."""
    requests: list[dg.RunRequest] = []
    cursor = None
    for _ in range(ticks):
        context = dg.build_sensor_context(instance=engine, cursor=cursor, resources={"platform": here})
        tick = new_uploads(context)
        assert isinstance(tick, dg.SensorResult)
        requests, cursor = [*requests, *(tick.run_requests or [])], tick.cursor
    return requests


def objects(s3: "S3Client") -> dict[str, tuple[str, bytes]]:
    """Everything that both buckets hold."""
    there = {}
    for bucket in ("uploads", "media"):
        for each in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            answer = s3.get_object(Bucket=bucket, Key=each["Key"])
            there[f"{bucket}/{each['Key']}"] = (answer["ETag"], answer["Body"].read())
    return there


def script(name: str, directory: Path, here: Platform, postgres: Postgres) -> None:
    catalogue = sa.make_url(here.settings.database_url)
    environment = {
        **os.environ,
        "PATH": f"{postgres.programs}:{sysconfig.get_path('scripts')}:{os.environ['PATH']}",
        "PGHOST": str(catalogue.host),
        "PGPORT": str(catalogue.port),
        "PGUSER": str(catalogue.username),
        "PGPASSWORD": str(catalogue.password),
        "CATALOGUE_DB": str(catalogue.database),
        "DATABASE_RUN": "env",
        "STORE_RUN": "env",
        "MEDIA_PIPELINE_RESOURCES": "production",
        "MEDIA_PIPELINE_DATABASE": here.settings.database_url,
    }
    done = subprocess.run(
        ["sh", str(ROOT / "deploy" / name), str(directory)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_what_was_lost_is_there_again(
    tmp_path: Path, here: Platform, engine: dg.DagsterInstance, s3: "S3Client", postgres: Postgres
) -> None:
    s3.upload_file(str(media.clip(tmp_path / "clip.mp4", 3)), "uploads", "Holiday 2026/clip ü.mp4")
    (request, *_) = found(here, engine, 3)
    media_id = str(request.partition_key)
    engine.add_dynamic_partitions(str(uploads.name), [media_id])
    job = build(here).resolve_job_def("process_upload")
    assert job.execute_in_process(instance=engine, partition_key=media_id, tags=request.tags).success
    before = described(here.catalogue.job(media_id), ()), objects(s3)
    assert here.catalogue.job(media_id).state is JobState.READY

    script("backup.sh", tmp_path / "backup", here, postgres)
    engine.dispose()
    for url in (here.settings.database_url, postgres.url(os.environ["DAGSTER_PG_DB"])):
        database = sa.make_url(url).database
        postgres.execute("postgres", f"DROP DATABASE {database} WITH (FORCE)")
    for place in before[1]:
        bucket, _, key = place.partition("/")
        s3.delete_object(Bucket=bucket, Key=key)
    assert objects(s3) == {}
    script("restore.sh", tmp_path / "backup", here, postgres)

    assert described(here.catalogue.job(media_id), ()) == before[0]
    assert objects(s3) == before[1]
    manifest = published(media_id, shelf=here.shelf, codec=here.manifest_codec)
    assert manifest is not None
    named: list[Any] = [manifest.hls, manifest.dash, manifest.poster]
    assert all(f"media/{media_id}/{name}" in before[1] for name in named)
    with dg.DagsterInstance.get() as again:
        assert [run.status for run in again.get_runs()] == [dg.DagsterRunStatus.SUCCESS]
        assert found(here, again, 3) == []  # nothing is taken for a new upload
