"""A long picture over several pods: the step in one, and parts as runs of their own, of which one loses its node."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from media_pipeline.defs.chunk_runs import OP, ORDER
from media_pipeline.domain import keys
from media_pipeline.domain.job import Job
from media_pipeline.domain.results import AudioTracks, Rendition
from media_pipeline.domain.tally import Measure, Tally
from media_pipeline.domain.upload import Upload
from media_pipeline.infrastructure.dagster_engine import CHUNK_TAG
from media_pipeline_tests import media
from media_pipeline_tests.kubernetes.cluster import scratch
from media_pipeline_tests.kubernetes.objects import Object
from media_pipeline_tests.kubernetes.test_runs import violations
from media_pipeline_tests.kubernetes.world import World, world
from media_pipeline_tests.postgres import Postgres

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="pods are played in bubblewrap, which is not installed"),
]
PARTS = 6
NOWHERE: Any = None


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory, s3_server: "S3Client", postgres: Postgres) -> Iterator[World]:
    cut = {"MEDIA_PIPELINE_CHUNKS__ABOVE_SECONDS": "4", "MEDIA_PIPELINE_CHUNKS__SECONDS": "4"}
    with world(tmp_path_factory.mktemp("world"), s3_server, postgres, **cut) as made:
        yield made


@pytest.fixture(scope="module")
def over(at_work: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[dg.DagsterRun, Job]:
    """A run after its end, and its job. Two of its parts had their turn in the queue; the pod of one was lost."""
    clip = film(tmp_path_factory.mktemp("clips") / "film.mp4")
    request = at_work.request(clip)
    run_id = at_work.launch(request, "source", "transcodes/360p-fast", "audio")
    at_work.until(lambda: len(chunks(at_work)) >= 2)
    lost, kept = chunks(at_work)[:2]
    for run in (lost, kept):
        at_work.instance.launch_run(run.run_id, workspace=NOWHERE)
    at_work.until(lambda: at_work.run(lost.run_id).status is dg.DagsterRunStatus.STARTED)
    at_work.cluster.forget(at_work.cluster.there(lost.run_id)["run"])
    at_work.until(lambda: at_work.monitored().run(lost.run_id).is_finished)
    run = at_work.over(run_id)
    return run, at_work.job(request)


def film(to: Path) -> Path:
    """So many megabytes that a part needs a piece of them."""
    noise = f"testsrc2=size=1280x720:rate=25:duration={4 * PARTS},noise=alls=40:allf=t,format=yuv420p"
    encoder = "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-b:v", "14M"
    return media.make(to, "-f", "lavfi", "-i", noise, *media.tone(4 * PARTS), *encoder, "-c:a", "aac")


def chunks(at_work: World) -> list[dg.DagsterRun]:
    """The runs over parts, in the order in which they were asked for."""
    runs = at_work.instance.get_runs(ascending=True)
    return [run for run in runs if CHUNK_TAG in run.tags]


def pods(at_work: World) -> list[Object]:
    ids = {run.run_id for run in chunks(at_work)}
    return [p for p in at_work.cluster.objects.seen if p["metadata"]["labels"].get("dagster/run-id") in ids]


def test_the_picture_is_whole_whatever_became_of_a_part(at_work: World, over: tuple[dg.DagsterRun, Job]) -> None:
    run, job = over
    assert run.status is dg.DagsterRunStatus.SUCCESS, "\n".join(at_work.told())
    upload = Upload(job.media_id, job.version, job.bucket, job.key, job.etag, job.size)
    made = at_work.here.results.load(upload, "transcodes/360p-fast", Rendition)
    assert isinstance(made, Rendition)
    assert (made.frames, made.lost_seconds) == (100 * PARTS, 0.0)
    assert made.made.tool.endswith(f", in {PARTS} parts")
    assert isinstance(at_work.here.results.load(upload, "audio", AudioTracks), AudioTracks)
    assert len(at_work.cluster.pods_of("transcodes")) == 1  # nothing of it was tried again


def test_one_part_came_from_a_run_and_none_is_left(at_work: World, over: tuple[dg.DagsterRun, Job]) -> None:
    _, job = over
    ends = [run.status for run in chunks(at_work)]
    assert (ends.count(dg.DagsterRunStatus.FAILURE), ends.count(dg.DagsterRunStatus.SUCCESS)) == (1, 1)
    assert set(ends[2:]) == {dg.DagsterRunStatus.CANCELED}  # the step took them back
    left = keys.chunks(job.media_id, job.version)
    assert list(at_work.here.store.list(at_work.here.settings.media_bucket, left)) == []


def test_the_pod_of_a_part_fetched_what_it_needed(at_work: World, over: tuple[dg.DagsterRun, Job]) -> None:
    _, job = over
    for run, pod in zip(chunks(at_work), pods(at_work), strict=False):
        config: Any = run.run_config
        order = ORDER.validate_json(config["ops"][OP]["config"]["order"])
        assert order.passage is not None
        assert sum(stop - start for start, stop in order.passage.ranges) < 0.8 * job.size
        log = at_work.cluster.kubelet.home / f"{pod['metadata']['name']}.log"
        assert "too short" not in log.read_text(errors="replace")


def test_the_pod_that_was_lost_is_counted_and_cost_no_try(at_work: World, over: tuple[dg.DagsterRun, Job]) -> None:
    _, job = over
    lost = [t for t in at_work.here.figures.tallies() if t.measure is Measure.FAILED]
    assert lost == [Tally(Measure.FAILED, "transcodes", "WORKER_LOST")]
    assert not any(attempt.failure for attempt in at_work.here.catalogue.attempts(job.media_id, job.version))


def test_the_pod_of_a_part_is_like_a_steps(at_work: World, over: object) -> None:
    found = pods(at_work)
    assert len(found) == 2
    for pod in found:
        assert list(violations(pod)) == []
        assert pod["spec"]["serviceAccountName"] == "media-pipeline-step"
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["metadata"]["labels"]["media-pipeline/worker"] == "step"
        assert pod["spec"]["priorityClassName"] == "media-pipeline-interactive"
        assert scratch(pod) == "2Gi"
        (container,) = pod["spec"]["containers"]
        assert container["resources"]["requests"]["cpu"] == "4"


def test_no_pod_of_a_step_asked_kubernetes_for_anything(at_work: World, over: object) -> None:
    assert {account for account, _, _ in at_work.cluster.api.asked} == {"media-pipeline-engine", "media-pipeline-run"}
