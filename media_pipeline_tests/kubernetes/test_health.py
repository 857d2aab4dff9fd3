"""When a step is taken for lost, over the API server alone: no pod runs here."""

from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster_k8s import K8sRunLauncher
from kubernetes.client import ApiException  # type: ignore[import-untyped,unused-ignore]

from media_pipeline.application.register import register
from media_pipeline.defs.pods import PodOfItsOwn
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.job import Failure, Job, TaskState
from media_pipeline.infrastructure import pod_endings as end
from media_pipeline.infrastructure import pods
from media_pipeline.infrastructure.dagster_engine import VERSION_TAG, cause
from media_pipeline_tests.kubernetes.chart import values
from media_pipeline_tests.kubernetes.cluster import NAMESPACE, Cluster
from media_pipeline_tests.platform import platform


class Step:
    """One step of a run, as the executor knows it."""

    def __init__(self, here: Platform, still: Cluster, image_seconds: float = 300) -> None:
        self.here, self.still = here, still
        self.said: list[str] = []
        """of this step, in Dagster's own log"""
        said = values()["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]
        self.launcher = K8sRunLauncher(
            "media-pipeline-run", "dagster-instance", dagster_home="/home", job_image="image:1",
            job_namespace=NAMESPACE,
            run_k8s_config={"container_config": said["containerConfig"], "pod_spec_config": said["podSpecConfig"]},
        )  # fmt: skip
        described = pods.load().model_copy(update={"image_seconds": image_seconds})
        self.handler = PodOfItsOwn(here, described, self.launcher)
        self.job = _job(here)
        tags = {"dagster/partition": self.job.media_id, VERSION_TAG: self.job.version}
        self.run = dg.DagsterRun(job_name="process_upload", tags=tags)
        self.context = _any(
            execute_step_args=SimpleNamespace(
                step_keys_to_execute=["source"], run_id=self.run.run_id, known_state=None, job_origin=None,
                get_command_args=lambda **_: ["dagster"], get_command_env=lambda: [],
            ),
            dagster_run=self.run,
            instance=SimpleNamespace(
                run_launcher=self.launcher, report_engine_event=lambda said, run, step_key: self.said.append(said)
            ),
            step_tags={"source": {}},
            get_step_context=_StepContext,
        )  # fmt: skip
        self.launch()

    def launch(self) -> None:
        for _ in self.handler.launch_step(self.context):
            pass

    def retry(self, number: int = 1) -> None:
        counted = SimpleNamespace(get_attempt_count=lambda _: number)
        self.context.execute_step_args.known_state = SimpleNamespace(get_retry_state=lambda: counted)
        self.launch()

    def begin(self) -> None:
        """What the step itself tells the catalogue."""
        of = self.job.media_id, self.job.version
        self.here.catalogue.begin(*of, "source", run_id=self.run.run_id, at=self.here.now())
        self.here.catalogue.task(*of, "source", TaskState.RUNNING, at=self.here.now())

    @property
    def pod(self) -> str:
        """The youngest."""
        return list(self.still.objects.pods)[-1]

    def tell(self, phase: str, **state: Any) -> None:
        container = {"name": "dagster", "image": "i", "imageID": "i", "ready": False, "restartCount": 0, "state": state}
        self.still.objects.tell(self.pod, phase=phase, containerStatuses=[container])

    def look(self) -> str | None:
        """Why it is taken for lost; None while it is not."""
        result = self.handler.check_step_health(self.context)
        return None if result.is_healthy else result.unhealthy_reason

    def tries(self) -> list[Failure | None]:
        return [t.failure for t in self.here.catalogue.attempts(self.job.media_id, self.job.version)]


class _StepContext:
    def __init__(self, key: str) -> None:
        self.step = SimpleNamespace(key=key, op_name=key)


def _any(**said: Any) -> Any:
    return SimpleNamespace(**said)


def _job(here: Platform) -> Job:
    (here.settings.inbox / "clip.mp4").write_bytes(b"x")
    stored = here.store.head("uploads", "clip.mp4")
    return register(stored, profile=here.profile, catalogue=here.catalogue, now=here.now())


@pytest.fixture
def step(tmp_path: Path, still: Cluster, monkeypatch: pytest.MonkeyPatch) -> Step:
    from dagster._core.events import DagsterEvent

    monkeypatch.setattr(DagsterEvent, "step_worker_starting", lambda *_, **__: None)
    return Step(platform(tmp_path), still)


def test_a_step_at_work_or_waiting_for_room_is_well(step: Step) -> None:
    assert [step.look(), step.look()] == [None, None]
    step.tell("Running", running={})
    assert [step.look(), step.look()] == [None, None]
    assert step.tries() == []


def test_what_looks_lost_twice_is_lost_and_the_catalogue_is_told(step: Step) -> None:
    step.tell("Failed", terminated={"reason": "OOMKilled", "exitCode": 137})
    assert step.look() is None  # its last words may be on their way
    assert step.look() == "OUT_OF_MEMORY: The worker ran out of memory."
    assert step.tries() == [end.OUT_OF_MEMORY]


def test_who_has_ended_without_a_word_is_lost_too(step: Step) -> None:
    """As a second pod of the same job does: Dagster's issue 33755."""
    step.tell("Succeeded", terminated={"reason": "Completed", "exitCode": 0})
    assert [step.look(), step.look()] == [None, "WORKER_LOST: The worker ended without a word."]
    assert step.tries() == [end.SILENT]


def test_who_is_not_there_any_more_is_lost_too(step: Step) -> None:
    step.still.objects.jobs.clear()
    assert [step.look(), step.look()] == [None, "WORKER_LOST: The worker vanished."]


def test_an_image_is_waited_for_a_while(step: Step) -> None:
    step.tell("Pending", waiting={"reason": "ImagePullBackOff"})
    assert [step.look(), step.look()] == [None, None]


def test_an_image_that_does_not_come_is_given_up_and_its_job_is_gone(
    tmp_path: Path, still: Cluster, step: Step
) -> None:
    step.handler._patience *= 0
    step.tell("Pending", waiting={"reason": "ErrImagePull"})
    assert [step.look(), step.look()] == [None, "WORKER_LOST: The worker's image cannot be had."]
    assert still.objects.jobs == {}


def test_how_long_an_image_is_waited_for_is_told_by_the_youngest_pod(step: Step) -> None:
    step.handler._patience *= 0.5
    old = step.still.objects.pods[step.pod]
    young = deepcopy(old)
    young["metadata"] |= {"name": "another", "uid": "another"}
    old["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    step.still.objects.pods["another"] = young
    step.tell("Pending", waiting={"reason": "ErrImagePull"})
    assert [step.look(), step.look()] == [None, None]
    young["metadata"]["creationTimestamp"] = "2020-01-02T00:00:00Z"
    assert [step.look(), step.look()] == [None, "WORKER_LOST: The worker's image cannot be had."]


def test_a_step_that_waits_for_room_says_so_once(step: Step) -> None:
    nowhere = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes fit."}
    step.still.objects.tell(step.pod, conditions=[nowhere])
    assert [step.look(), step.look(), step.look()] == [None] * 3
    task = step.here.catalogue.job(step.job.media_id).task("source")
    assert (task.state, task.reason) == (TaskState.WAITING, "No node has room for the worker yet.")
    assert step.said == ["No node has room for the worker yet. 0/3 nodes fit."]
    assert step.tries() == []
    step.begin()
    assert step.here.catalogue.job(step.job.media_id).task("source").reason is None


EVICTED = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}


def test_a_worker_that_was_told_to_end_is_named_when_its_step_is_tried_again(step: Step) -> None:
    """It asks for a retry by itself, and nobody looks after its pod any more."""
    step.begin()
    step.tell("Failed", terminated={"reason": "Error", "exitCode": 143})
    step.still.objects.tell(step.pod, conditions=[EVICTED])
    step.retry()
    assert step.tries() == [end.PREEMPTED]
    step.begin()
    step.tell("Failed", terminated={"reason": "OOMKilled", "exitCode": 137})
    step.retry(2)
    assert step.tries() == [end.PREEMPTED, end.OUT_OF_MEMORY]
    assert len(step.still.objects.jobs) == 3


def test_what_was_seen_of_a_worker_that_ends_is_remembered(step: Step) -> None:
    step.begin()
    step.still.objects.tell(step.pod, conditions=[EVICTED])
    assert step.look() is None
    step.still.objects.pods.clear()
    step.retry()
    assert step.tries() == [end.PREEMPTED]


def test_a_pod_of_which_nothing_is_left_was_taken(step: Step) -> None:
    step.begin()
    step.still.objects.pods.clear()
    step.retry()
    assert step.tries() == [end.TAKEN]


def test_a_step_that_gave_an_error_is_tried_again_without_a_question(step: Step) -> None:
    asked = len(step.still.api.asked)
    step.retry()
    assert step.tries() == []
    assert [verb for _, verb, _ in step.still.api.asked[asked:]] == ["create"]


def test_where_kubernetes_does_not_say_why_the_step_is_tried_again_all_the_same(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ApiException(403, "Forbidden")

    step.begin()
    monkeypatch.setattr(step.handler._api_client, "get_pods_in_job", refuse)
    step.retry()
    assert (len(step.still.objects.jobs), step.tries()) == (2, [None])


def test_a_run_of_a_partition_made_by_hand_is_lost_without_a_job(step: Step) -> None:
    step.context.dagster_run = dg.DagsterRun(job_name="process_upload", tags={"dagster/partition": "by-hand"})
    step.tell("Failed", terminated={"reason": "Error", "exitCode": 1})
    assert [step.look(), step.look()] == [None, "WORKER_LOST: The worker was lost before it finished."]


def test_the_api_server_refuses_as_kubernetes_does(still: Cluster, step: Step) -> None:
    client = step.handler._api_client
    manifest = next(iter(still.objects.jobs.values()))
    again = {key: manifest[key] for key in ("apiVersion", "kind", "metadata", "spec")}
    for body, said in (
        (again, (409, "AlreadyExists")),
        (
            yaml.safe_load("{apiVersion: batch/v1, kind: Job, metadata: {name: x}, spec: {nonsense: 1}}"),
            (422, "Invalid"),
        ),
    ):
        with pytest.raises(Exception, match=said[1]) as refused:
            client.batch_api.create_namespaced_job(body=body, namespace=NAMESPACE)
        assert refused.value.status == said[0]  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="NotFound"):
        client.core_api.read_namespaced_pod("nobody", NAMESPACE)
    with pytest.raises(Exception, match="Forbidden"):  # a run may not look into logs
        client.core_api.read_namespaced_pod_log(step.pod, NAMESPACE)
    assert client.core_api.list_namespaced_pod(NAMESPACE, label_selector="job-name=another").items == []


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [
        ("RUN_EXCEPTION", "OOMKilled", "INTERNAL"),
        ("UNKNOWN", "Terminated with exit code 137: OOMKilled", "OUT_OF_MEMORY"),
        ("START_TIMEOUT", "Waiting: ImagePullBackOff", "WORKER_LOST"),
    ],
)
def test_a_run_that_lost_its_own_pod_says_why(reason: str, status: str, code: str) -> None:
    run = dg.DagsterRun(
        job_name="process_upload", status=dg.DagsterRunStatus.FAILURE, tags={"dagster/failure_reason": reason}
    )
    assert cause(run, f"Detected run worker status. Container 'dagster' status: {status}") == code
