"""Each step in a pod of its own: the executor of deployments on Kubernetes.

It is dagster-k8s's, which is told what every step's pod is like (`pods.yaml`), and which otherwise would not know why a
pod is gone, nor that one can be silent for ever. Tags of a run do not reach the pods of its steps by themselves: here
they are read.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.base import Executor
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.executor.init import InitExecutorContext
from dagster._core.executor.step_delegating import CheckStepHealthResult, StepDelegatingExecutor, StepHandlerContext
from dagster_k8s import K8sRunLauncher
from dagster_k8s.container_context import K8sContainerContext
from dagster_k8s.executor import K8sStepHandler
from dagster_k8s.job import UserDefinedDagsterK8sConfig
from kubernetes.client import ApiException  # type: ignore[import-untyped,unused-ignore]
from urllib3.exceptions import HTTPError

from media_pipeline.application.lost import begun, lost, waits
from media_pipeline.defs.one_pod import SWITCH
from media_pipeline.defs.partitions import BYTES_TAG, origin
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.errors import MediaError, Missing
from media_pipeline.domain.job import Failure, Job
from media_pipeline.infrastructure import pods, telemetry
from media_pipeline.infrastructure.dagster_engine import VERSION_TAG
from media_pipeline.infrastructure.pod_endings import (
    NO_ROOM,
    SILENT,
    TAKEN,
    VANISHED,
    made,
    taken,
    unstartable,
    why,
    without_room,
    youngest,
)

_PARTITION = "dagster/partition"
_log = telemetry.log("pods")


def build(platform: Platform) -> dg.ExecutorDefinition:
    """The executor of a platform. Its run config has one switch: the whole run in the run's own pod."""

    @dg.executor(
        name="pods",
        config_schema={SWITCH: dg.Field(bool, default_value=False, description="All steps in the pod of the run.")},
        requirements=[
            dg.ExecutorRequirement.RECONSTRUCTABLE_JOB,
            dg.ExecutorRequirement.NON_EPHEMERAL_INSTANCE,
            dg.ExecutorRequirement.PERSISTENT_OUTPUTS,
        ],
    )
    def executor(context: InitExecutorContext) -> Executor:
        if context.executor_config[SWITCH]:
            return InProcessExecutor(retries=RetryMode.ENABLED)
        launcher = context.instance.run_launcher
        if not isinstance(launcher, K8sRunLauncher):
            raise dg.DagsterInvariantViolationError("MEDIA_PIPELINE_EXECUTOR=k8s needs the K8sRunLauncher.")
        described = pods.load(platform.settings.pods)
        return StepDelegatingExecutor(
            PodOfItsOwn(platform, described, launcher),
            retries=RetryMode.ENABLED,
            check_step_health_interval_seconds=described.health_seconds,
            should_verify_step=True,
        )

    return executor


class PodOfItsOwn(K8sStepHandler):
    """A pod for each step, as `pods.yaml` has it. One that is gone tells the catalogue why."""

    def __init__(self, platform: Platform, described: pods.Pods, launcher: K8sRunLauncher) -> None:
        super().__init__(
            image=None,
            container_context=_context(described.every),
            load_incluster_config=launcher.load_incluster_config,
            kubeconfig_file=launcher.kubeconfig_file,
            enable_owner_references=True,  # a run's pod that is deleted takes the steps' along
        )
        self._platform = platform
        self._pods = described
        self._patience = timedelta(seconds=described.image_seconds)
        self._suspected: set[str] = set()
        self._taken: dict[str, Failure] = {}
        self._roomless: set[str] = set()

    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """A worker that is told to end does so in order, and its step is tried again before anybody looks for it. So
        whoever tries again looks what became of the last one."""
        before = self._job_before(step_handler_context)
        if before:
            try:
                self._tell_of(before, step_handler_context)
            except (MediaError, ApiException, HTTPError) as trouble:  # then nobody knows more than that it was lost
                _log.warning("nobody says why a worker ended", extra={"job": before, "reason": str(trouble)})
        yield from super().launch_step(step_handler_context)

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        """Only what looks lost twice is: the last words of a step come after its pod, or are still to be read."""
        name = self._get_k8s_step_job_name(step_handler_context)
        failure = self._found(step_handler_context, name)
        if failure is None:
            self._suspected.discard(name)
            return CheckStepHealthResult.healthy()
        if name not in self._suspected:
            self._suspected.add(name)
            return CheckStepHealthResult.healthy()
        self._tell(step_handler_context, failure)
        return CheckStepHealthResult.unhealthy(f"{failure.code}: {failure.message}")

    def _found(self, context: StepHandlerContext, name: str) -> Failure | None:
        """Why nobody works on a step any more, or nobody ever will; None while it goes on or waits for room."""
        namespace = str(self._get_container_context(context).namespace)
        status = self._api_client.get_job_status(name, namespace)
        if status is None:
            return VANISHED
        if status.succeeded:  # and the step is not over: Dagster's issue 33755
            return SILENT
        found = self._api_client.get_pods_in_job(name, namespace)
        if status.failed:
            return why(found)
        if said := without_room(found):
            self._tell_of_room(context, name, said)
        if doomed := taken(found):  # what is to be known of it now may be gone when it has ended
            self._taken[name] = doomed
        failure = unstartable(found)
        if failure is None or self._platform.now() - made(youngest(found)) < self._patience:
            return None
        if name in self._suspected:  # it would wait for ever
            self._api_client.delete_job(name, namespace)
        return failure

    def _job_before(self, context: StepHandlerContext) -> str | None:
        """The Kubernetes job of the try before this one; None at the first."""
        known = context.execute_step_args.known_state
        number = known.get_retry_state().get_attempt_count(self._get_step_key(context)) if known else 0
        first = str(self._get_k8s_step_job_name(context)).removesuffix(f"-{number}")
        return f"{first}-{number - 1}" if number > 1 else first if number else None

    def _tell_of(self, before: str, context: StepHandlerContext) -> None:
        """Who gave an error or was found to be lost has told the catalogue so; who was told to end has not."""
        job, step = self._job(context), self._get_step_key(context)
        run_id, catalogue = context.dagster_run.run_id, self._platform.catalogue
        if job and begun(job.media_id, job.version, step, run_id=run_id, catalogue=catalogue):
            pods_ = self._api_client.get_pods_in_job(before, str(self._get_container_context(context).namespace))
            self._tell(context, taken(pods_) or self._taken.get(before, TAKEN))

    def _tell_of_room(self, context: StepHandlerContext, name: str, said: str) -> None:
        """Once for each pod, to the user and to operators."""
        if name in self._roomless:
            return
        self._roomless.add(name)
        step, now = self._get_step_key(context), self._platform.now()
        context.instance.report_engine_event(f"{NO_ROOM} {said}", context.dagster_run, step_key=step)
        if job := self._job(context):
            waits(job.media_id, job.version, step, NO_ROOM, catalogue=self._platform.catalogue, now=now)

    def _tell(self, context: StepHandlerContext, failure: Failure) -> None:
        if job := self._job(context):
            lost(
                job.media_id, job.version, self._get_step_key(context), failure, run_id=context.dagster_run.run_id,
                catalogue=self._platform.catalogue, now=self._platform.now(),
            )  # fmt: skip

    def _job(self, context: StepHandlerContext) -> Job | None:
        """None of a run of a partition that somebody made by hand."""
        tags = context.dagster_run.tags
        try:
            return self._platform.catalogue.job(tags[_PARTITION], tags.get(VERSION_TAG))
        except Missing:
            return None

    # dagster-k8s has no other place where the pods of a step can be told from those of another run.
    def _get_container_context(self, step_handler_context: StepHandlerContext) -> K8sContainerContext:
        step, tags = self._get_step_key(step_handler_context), step_handler_context.dagster_run.tags
        said = tags.get(BYTES_TAG, "")
        mine = self._pods.step(
            step,
            source_bytes=int(said) if said.isdecimal() else None,
            origin=origin(tags),
            gpu=step in self._platform.settings.gpu_steps,
        )
        general = super()._get_container_context(step_handler_context)
        return general.merge(_context(mine))


def _context(config: dict[str, Any]) -> K8sContainerContext:
    return K8sContainerContext(run_k8s_config=UserDefinedDagsterK8sConfig.from_dict(config))  # type: ignore[no-untyped-call]
