"""Who is served when, with Dagster's own queue: the daemon's choice of what to start is the real one."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon

from media_pipeline.application.register import register
from media_pipeline.defs.asking import MOST_WAITING, requests
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.job import JobState, Origin
from media_pipeline.domain.upload import StoredObject, tenant
from media_pipeline_tests.builders import NOW
from media_pipeline_tests.fakes import MemoryCatalogue
from media_pipeline_tests.instance import new_instance
from media_pipeline_tests.platform import platform

CONFIG = yaml.safe_load((Path(__file__).parent.parent.parent / "dagster.yaml").read_text())
ORIGIN = RemoteJobOrigin(
    RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("media_pipeline"), "__repository__"), "process_upload"
)
SLOTS = CONFIG["concurrency"]["runs"]["max_concurrent_runs"]


class Hall:
    """A platform, its instance, and a daemon that starts runs but does none of their work."""

    def __init__(self, here: Platform, instance: dg.DagsterInstance) -> None:
        self.here, self.instance = replace(here, catalogue=MemoryCatalogue()), instance
        self.daemon = QueuedRunCoordinatorDaemon(interval_seconds=1)
        self.received = 0

    def uploaded(self, *keys: str, size: int = 1, origin: Origin = Origin.LIVE) -> None:
        for key in keys:
            self.received += 1
            obj = StoredObject("uploads", key, "e", size, NOW)
            owner = tenant(key) if self.here.settings.tenancy else "default"
            at = NOW + timedelta(seconds=self.received)
            register(obj, profile=self.here.profile, catalogue=self.here.catalogue, now=at, tenant=owner, origin=origin)

    def tick(self) -> int:
        """The sensor asks, and its requests are submitted. How many there were."""
        asked = requests(self.instance, self.here)
        for request in asked:
            tags = {
                **request.tags,
                "dagster/run_key": str(request.run_key),
                "dagster/partition": str(request.partition_key),
            }
            run = dg.DagsterRun(
                "process_upload", tags=tags, status=dg.DagsterRunStatus.QUEUED, remote_job_origin=ORIGIN
            )
            self.instance.add_run(run)
        return len(asked)

    def start(self) -> list[str]:
        """The daemon starts what may start. The keys, in their order."""
        config = self.instance.get_concurrency_config()
        runs = self.daemon._get_runs_to_dequeue(self.instance, config, fixed_iteration_time=None)
        for run in runs:
            self.instance.handle_new_event(_event(run, dg.DagsterEventType.RUN_START))
        return [run.tags["media_pipeline/key"] for run in runs]

    def finish(self) -> str:
        """The run that was started first ends."""
        started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
        run = self.instance.get_runs(started, ascending=True)[0]
        self.instance.handle_new_event(_event(run, dg.DagsterEventType.RUN_SUCCESS))
        job = self.here.catalogue.job(run.tags["dagster/partition"])
        self.here.catalogue.move(job.media_id, job.version, JobState.PROCESSING, at=NOW)
        return job.key

    def served(self, slots: int) -> list[str]:
        """The keys that are started while so many runs end, one after the other."""
        self.tick()
        found = self.start()
        for _ in range(slots):
            self.finish()
            self.tick()
            found += self.start()
        return found


def _event(run: dg.DagsterRun, kind: dg.DagsterEventType) -> dg.EventLogEntry:
    return dg.EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None, level=20, user_message="", run_id=run.run_id, timestamp=time.time(),
        dagster_event=dg.DagsterEvent(kind.value, run.job_name),
    )  # fmt: skip


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with new_instance(overrides={name: CONFIG[name] for name in ("run_coordinator", "concurrency")}) as found:
        yield found


@pytest.fixture
def hall(tmp_path: Path, instance: dg.DagsterInstance) -> Hall:
    return Hall(platform(tmp_path, tenancy=True), instance)


@pytest.fixture
def single(tmp_path: Path, instance: dg.DagsterInstance) -> Hall:
    return Hall(platform(tmp_path), instance)


def test_after_200_jobs_of_one_tenant_the_first_of_another_starts_within_two_slots(hall: Hall) -> None:
    hall.uploaded(*(f"a/{n:03}.mp4" for n in range(200)))
    hall.served(3)
    hall.uploaded("b/first.mp4")
    assert "b/first.mp4" in hall.served(2)


def test_without_tenancy_one_may_take_every_slot_and_is_served_in_order(single: Hall) -> None:
    single.uploaded(*(f"a/{n:03}.mp4" for n in range(40)))
    served = single.served(4)
    assert served == [f"a/{n:03}.mp4" for n in range(4 + SLOTS)]


def test_a_tenant_leaves_a_slot_to_the_others(hall: Hall) -> None:
    hall.uploaded(*(f"a/{n}.mp4" for n in range(5)))
    assert len(hall.served(0)) == SLOTS - 1


def test_live_work_overtakes_an_import_which_leaves_it_a_slot(single: Hall) -> None:
    single.uploaded(*(f"old/{n:03}.mp4" for n in range(60)), origin=Origin.IMPORT)
    assert len(single.served(0)) == SLOTS - 1
    single.uploaded("new.mp4")
    single.tick()
    assert single.start() == ["new.mp4"]


def test_a_small_upload_overtakes_large_ones_that_wait(single: Hall) -> None:
    single.uploaded(*(f"large/{n:03}.mp4" for n in range(40)), size=10**10)
    single.served(0)
    single.uploaded("small.mp4")
    assert "small.mp4" in single.served(1)


def test_the_large_are_served_between_the_small(single: Hall) -> None:
    single.uploaded("large.mp4", size=10**10)
    single.uploaded(*(f"small/{n:03}.mp4" for n in range(40)))
    assert "large.mp4" in single.served(2)


def test_dagsters_queue_is_kept_short(single: Hall) -> None:
    single.uploaded(*(f"{n:03}.mp4" for n in range(100)))
    assert [single.tick() for _ in range(3)] == [MOST_WAITING, 0, 0]
    assert len(single.start()) == SLOTS
    assert single.tick() == SLOTS
