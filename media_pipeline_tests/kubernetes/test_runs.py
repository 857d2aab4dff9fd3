"""The real asset graph through the real launcher and executor of dagster-k8s: each step in a pod of its own. One run
that succeeds though four of its pods come to nothing, each in its own way."""

import json
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from media_pipeline.application.publish import published
from media_pipeline.domain.errors import QuarantineCode
from media_pipeline.domain.job import Failure, Job, JobState, TaskState
from media_pipeline.infrastructure import pod_endings as end
from media_pipeline_tests import media
from media_pipeline_tests.kubernetes.cluster import scratch
from media_pipeline_tests.kubernetes.kubelet import Fault
from media_pipeline_tests.kubernetes.objects import Object
from media_pipeline_tests.kubernetes.world import World, world
from media_pipeline_tests.postgres import Postgres

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="pods are played in bubblewrap, which is not installed"),
]
STEPS = {"source", "transcodes", "stream", "thumbnails", "subtitles", "ai_tags", "publication"}
MIB = 1024**2


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory, s3_server: "S3Client", postgres: Postgres) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world"), s3_server, postgres) as made:
        yield made


@pytest.fixture(scope="module")
def over(at_work: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[dg.DagsterRun, Job]:
    """A run after its end, and its job."""
    made = at_work.cluster
    made.kubelet.faults += [
        Fault("subtitles", memory=60 * MIB),
        Fault("ai_tags", silent=True),
        Fault("transcodes", no_image=True),
    ]
    clip = media.clip(tmp_path_factory.mktemp("clips") / "clip.mp4", 3)
    request = at_work.request(clip)
    run_id = at_work.launch(request)
    at_work.until(lambda: len(made.pods_of("thumbnails")) == 1)
    made.forget(made.pods_of("thumbnails")[0])
    run = at_work.over(run_id)
    return run, at_work.job(request)


def test_the_media_is_ready_whatever_became_of_the_first_pods(at_work: World, over: tuple[dg.DagsterRun, Job]) -> None:
    run, job = over
    assert run.status is dg.DagsterRunStatus.SUCCESS, "\n".join(at_work.told())
    assert job.state is JobState.READY
    assert {task.state for task in job.tasks} == {TaskState.DONE, TaskState.SKIPPED}
    manifest = published(job.media_id, shelf=at_work.here.shelf, codec=at_work.here.manifest_codec)
    assert manifest is not None
    assert (manifest.poster is not None, [r.name for r in manifest.renditions]) == (True, ["360p-fast"])


def test_each_try_at_a_step_has_a_pod_of_its_own(at_work: World, over: object) -> None:
    pods = {step: len(at_work.cluster.pods_of(step)) for step in STEPS}
    twice = {"subtitles", "ai_tags", "transcodes", "thumbnails"}
    assert pods == {step: 2 if step in twice else 1 for step in STEPS}
    assert len(at_work.cluster.objects.seen) == sum(pods.values()) + 1


@pytest.mark.parametrize(
    ("stage", "failure"),
    [
        ("subtitles", end.OUT_OF_MEMORY),
        ("ai_tags", end.SILENT),
        ("transcodes", end.IMAGE_MISSING),
        ("thumbnails", end.VANISHED),
        ("source", None),
    ],
)
def test_a_pod_that_came_to_nothing_is_named_in_words_and_tried_again(
    at_work: World, over: tuple[dg.DagsterRun, Job], stage: str, failure: Failure | None
) -> None:
    _, job = over
    tries = [t for t in at_work.here.catalogue.attempts(job.media_id, job.version) if t.stage == stage]
    assert [t.failure for t in tries] == ([failure, None] if failure else [None])
    assert all(t.counted and t.ended_at for t in tries)


def test_dagster_shows_the_reason_too(at_work: World, over: tuple[dg.DagsterRun, Job]) -> None:
    run, _ = over
    retried = at_work.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_UP_FOR_RETRY)
    said = [e.dagster_event.step_retry_data.error.message for e in retried if e.dagster_event]
    assert any(f"{QuarantineCode.OUT_OF_MEMORY}: {end.OUT_OF_MEMORY.message}" in words for words in said)


def test_pods_are_restricted_and_know_no_more_than_they_need(at_work: World, over: object) -> None:
    for pod in at_work.cluster.objects.seen:
        assert list(violations(pod)) == []
    steps = [pod for step in STEPS for pod in at_work.cluster.pods_of(step)]
    assert {pod["spec"]["serviceAccountName"] for pod in steps} == {"media-pipeline-step"}
    assert {pod["spec"]["automountServiceAccountToken"] for pod in steps} == {False}
    assert {pod["spec"]["priorityClassName"] for pod in steps} == {"media-pipeline-interactive"}
    for pod in steps:
        said = json.dumps(pod["spec"])
        assert "test-secret" not in said  # nothing secret stands in the manifest of a pod
    for job in at_work.cluster.objects.jobs.values():
        assert job["spec"]["backoffLimit"] == 0


def test_scratch_is_sized_from_the_source(at_work: World, over: object) -> None:
    sizes = {step: scratch(at_work.cluster.pods_of(step)[0]) for step in STEPS}
    assert sizes.pop("publication") is None
    assert set(sizes.values()) == {"2Gi"}  # of a small clip: the least, and its share of one more


def test_nobody_asks_kubernetes_for_more_than_the_manifests_allow(at_work: World, over: object) -> None:
    asked = set(at_work.cluster.api.asked)
    assert {account for account, _, _ in asked} == {"media-pipeline-engine", "media-pipeline-run"}
    assert {("media-pipeline-run", "create", "jobs"), ("media-pipeline-run", "get", "jobs/status")} <= asked
    rights = at_work.cluster.api.rights
    groups = {account: {(v, r) for a, v, r in asked if a == account} for account, _, _ in asked}
    for account, wanted in groups.items():
        for verb, resource in wanted:
            assert rights.may(account, verb, "batch" if resource.startswith("jobs") else "", resource)


def violations(pod: Object) -> Iterator[str]:
    """What the pod security standard `restricted` would not let in, and what we want beside it."""
    spec = pod["spec"]
    (container,) = spec["containers"]
    of_pod, of_container = spec["securityContext"], container["securityContext"]
    wanted: dict[str, tuple[Any, Any]] = {
        "runAsNonRoot": (of_pod["runAsNonRoot"], True),
        "seccomp": (of_pod["seccompProfile"]["type"], "RuntimeDefault"),
        "privileges": (of_container["allowPrivilegeEscalation"], False),
        "root": (of_container["readOnlyRootFilesystem"], True),
        "capabilities": (of_container["capabilities"], {"drop": ["ALL"]}),
        "links": (spec["enableServiceLinks"], False),
        "memory": ("memory" in container["resources"]["limits"], True),
        "volumes": (all({*volume} <= {"name", "emptyDir"} for volume in spec["volumes"]), True),
    }
    for name, (is_, should_be) in wanted.items():
        if is_ != should_be:
            yield f"{pod['metadata']['name']}: {name} is {is_}"
