"""Runs on Kubernetes that end otherwise: a file at fault, a person who cancels, a run of which nothing is heard, a node
that is lost or runs short, a run's own pod that is killed; and a small upload whose whole run is in one pod."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from media_pipeline.application.cancel import cancel
from media_pipeline.defs.upkeep import watchdog
from media_pipeline.domain.attempt import Attempt, spent
from media_pipeline.domain.errors import QuarantineCode, RejectionCode
from media_pipeline.domain.job import JobState, TaskState
from media_pipeline.infrastructure import pod_endings as end
from media_pipeline.infrastructure.dagster_engine import DagsterEngine, cause
from media_pipeline_tests import media
from media_pipeline_tests.kubernetes.cluster import scratch
from media_pipeline_tests.kubernetes.deployment import LISTENING
from media_pipeline_tests.kubernetes.test_runs import violations
from media_pipeline_tests.kubernetes.world import World, world
from media_pipeline_tests.postgres import Postgres

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="pods are played in bubblewrap, which is not installed"),
]


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory, s3_server: "S3Client", postgres: Postgres) -> Iterator[World]:
    """A deployment that takes its time to listen."""
    slow = {LISTENING: "300", "MEDIA_PIPELINE_STALL_SECONDS": "2"}
    with world(tmp_path_factory.mktemp("world"), s3_server, postgres, **slow) as made:
        yield made


def test_a_file_at_fault_is_not_tried_again(at_work: World, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(media.clip(tmp_path / "clip.mp4", 2).read_bytes()[:5000])
    request = at_work.request(broken)
    run = at_work.over(at_work.launch(request))
    assert run.status is dg.DagsterRunStatus.FAILURE
    job = at_work.settled(run.run_id, request)
    assert (job.state, isinstance(job.failure and job.failure.code, RejectionCode)) == (JobState.REJECTED, True)
    assert at_work.cluster.there(run.run_id).keys() == {"run", "source"}


def test_what_a_person_cancels_ends_in_every_pod(at_work: World, tmp_path: Path) -> None:
    request, run_id = at_work.listening(media.clip(tmp_path / "cancelled.mp4", 2))
    engine, now = DagsterEngine(at_work.of_gateway), at_work.here.now()
    cancel(at_work.job(request).media_id, catalogue=at_work.here.catalogue, engine=engine, now=now)
    assert at_work.over(run_id).status is dg.DagsterRunStatus.CANCELED
    job = at_work.settled(run_id, request)
    assert job.state is JobState.CANCELLED
    assert {task.state for task in job.tasks} <= {TaskState.DONE, TaskState.SKIPPED}
    assert at_work.cluster.there(run_id) == {}


def test_a_lost_node_of_a_run_takes_the_pods_of_its_steps_along(at_work: World, tmp_path: Path) -> None:
    request, run_id = at_work.listening(media.clip(tmp_path / "lost.mp4", 2))
    at_work.cluster.lose(at_work.cluster.there(run_id)["run"])
    at_work.monitored()
    run = at_work.over(run_id)
    assert (run.status, cause(run)) == (dg.DagsterRunStatus.FAILURE, QuarantineCode.WORKER_LOST)
    assert at_work.cluster.there(run_id) == {}
    at_work.instance.add_run_tags(run_id, {"dagster/will_retry": "false"})  # it could not: the code server was away
    assert f"{at_work.job(request).media_id}: taken up again" in at_work.tick(watchdog)


def test_a_killed_pod_of_a_run_that_stays_leaves_no_step_at_work(at_work: World, tmp_path: Path) -> None:
    """Nobody deletes it, and so nobody the pods of its steps: they look after their run themselves."""
    request, run_id = at_work.listening(media.clip(tmp_path / "killed.mp4", 2))
    of_run, of_step = (at_work.cluster.there(run_id)[who]["metadata"]["name"] for who in ("run", "subtitles"))
    at_work.cluster.kubelet.crash(of_run)
    at_work.until(lambda: at_work.monitored().run(run_id).status is dg.DagsterRunStatus.FAILURE)
    assert of_step in at_work.cluster.kubelet.running
    at_work.over(run_id)
    assert at_work.cluster.there(run_id).keys() == {"run", "subtitles"}
    assert at_work.job(request).task("subtitles").state is TaskState.RUNNING  # for the next run to say


def test_an_evicted_worker_is_named_and_its_step_tried_again(at_work: World, tmp_path: Path) -> None:
    request, run_id = at_work.listening(media.clip(tmp_path / "evicted.mp4", 2))
    job = at_work.job(request)

    def tries() -> list[Attempt]:
        every = at_work.here.catalogue.attempts(job.media_id, job.version)
        return [t for t in every if t.stage == "subtitles"]

    at_work.cluster.kubelet.evict(at_work.cluster.there(run_id)["subtitles"])
    at_work.until(lambda: len(tries()) == 2)
    assert [t.failure for t in tries()] == [end.EVICTED, None]
    DagsterEngine(at_work.of_gateway).cancel(job.media_id, job.version)
    at_work.over(run_id)


def test_a_run_of_which_nothing_is_heard_is_stopped_and_another_takes_its_place(at_work: World, tmp_path: Path) -> None:
    request, run_id = at_work.listening(media.clip(tmp_path / "frozen.mp4", 2))
    for pod in at_work.cluster.there(run_id).values():
        at_work.cluster.kubelet.freeze(pod["metadata"]["name"])
    at_work.until(lambda: f"run {run_id} is told to stop" in at_work.tick(watchdog))
    at_work.until(lambda: not at_work.cluster.kubelet.running)
    at_work.until(lambda: at_work.monitored().run(run_id).is_finished)
    assert at_work.run(run_id).status is dg.DagsterRunStatus.CANCELED
    at_work.until(lambda: "taken up again" in at_work.tick(watchdog))
    job = at_work.job(request)
    assert job.run_id != run_id
    assert spent(at_work.here.catalogue.attempts(job.media_id, job.version), "subtitles") == 1


def test_the_whole_run_of_a_small_upload_is_in_one_pod_where_asked_for(
    tmp_path: Path, s3_server: "S3Client", postgres: Postgres
) -> None:
    with world(tmp_path, s3_server, postgres, MEDIA_PIPELINE_ONE_POD_BYTES="1000000") as at_work:
        request = at_work.request(media.clip(tmp_path / "clip.mp4", 2))
        run = at_work.over(at_work.launch(request))
        assert run.status is dg.DagsterRunStatus.SUCCESS, "\n".join(at_work.told())
        assert at_work.job(request).state is JobState.READY
        (pod,) = at_work.cluster.objects.seen
    assert scratch(pod) == "2Gi"
    assert pod["spec"]["containers"][0]["resources"]["requests"]["memory"] == "6Gi"
    assert list(violations(pod)) == []
    assert pod["spec"]["serviceAccountName"] == "media-pipeline-step"
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["priorityClassName"] == "media-pipeline-interactive"
    assert pod["metadata"]["labels"]["media-pipeline/worker"] == "step"
    assert {account for account, _, _ in at_work.cluster.api.asked} == {"media-pipeline-engine"}
