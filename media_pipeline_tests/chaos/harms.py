"""The harms themselves. Each says how often it was done: 0 where there was nothing to harm."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from media_pipeline.domain.attempt import stage
from media_pipeline.domain.job import TaskState
from media_pipeline_tests.chaos.feed import Feed
from media_pipeline_tests.chaos.plan import Harm
from media_pipeline_tests.chaos.world import World, kill
from media_pipeline_tests.faulty import Fault, Late, Lost, Refuse, Short

_LOOKING_SECONDS = 12
_FAULTS: dict[str, tuple[Fault, str]] = {
    "the store refuses": (Refuse(503), ""),
    "the store is slow": (Late(1.0), ""),
    "the store ends short": (Short(1), "GET"),
    "the store loses answers": (Lost(), "PUT"),
    "the store is full": (Refuse(507, "InsufficientStorage"), "PUT"),
}
_FILLING = 1024 * 1024


def do(harm: Harm, world: World, feed: Feed) -> int:
    if harm.kind.startswith("kill the step "):
        return _kill_step(harm.kind.removeprefix("kill the step "), harm, world)
    if harm.kind in _FAULTS:
        fault, method = _FAULTS[harm.kind]
        with world.proxy.doing(fault, method=method):
            time.sleep(harm.lasts)
        return 1
    if harm.kind == "overwrite":
        return int(feed.overwrite(harm.choice))
    return _OTHERS[harm.kind](harm, world)


def _kill_step(name: str, harm: Harm, world: World) -> int:
    """Wait until somebody is at the step. Steps are short: who to kill is known before."""
    workers: dict[str, list[psutil.Process]] = {}
    until = time.monotonic() + _LOOKING_SECONDS
    while time.monotonic() < until:
        for job in world.here.catalogue.unsettled(limit=100):
            if job.run_id and not workers.get(job.run_id):
                workers[job.run_id] = world.worker_of(job.run_id)
            at_it = any(t.state is TaskState.RUNNING and stage(t.name) == name for t in job.tasks)
            if at_it and job.run_id and workers[job.run_id]:
                time.sleep(harm.choice * 0.1)
                return kill(workers[job.run_id])
    return 0


def _kill_one(of: Callable[[World], list[psutil.Process]]) -> Callable[[Harm, World], int]:
    def one(harm: Harm, world: World) -> int:
        until = time.monotonic() + _LOOKING_SECONDS
        while not (found := of(world)) and time.monotonic() < until:
            time.sleep(0.02)
        return kill([found[int(harm.choice * len(found))]]) if found else 0

    return one


def _kill_daemon(harm: Harm, world: World) -> int:
    """As systemd would, another is started; the code server and the workers of the old one are left to themselves."""
    killed = kill(world.daemons())
    time.sleep(harm.lasts / 4)
    world.start()
    return killed


def _kill_everything(harm: Harm, world: World) -> int:
    killed = kill(world.processes())
    time.sleep(harm.lasts / 4)
    world.start()
    return killed


def _restart_postgres(harm: Harm, world: World) -> int:
    world.postgres.stop()
    time.sleep(harm.lasts / 2)
    world.postgres.start()
    return 1


def _fill_disk(harm: Harm, world: World) -> int:
    """Only where scratch has a disk of its own."""
    scratch = world.here.settings.scratch_dir
    if not scratch.is_mount():
        return 0
    with _filled(world):
        time.sleep(harm.lasts)
    return 1


@contextmanager
def _filled(world: World) -> Iterator[None]:
    filler = world.here.settings.scratch_dir / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(_FILLING)):
                    pass
            except OSError as full:
                if full.errno != errno.ENOSPC:
                    raise
        yield
    finally:
        with suppress(FileNotFoundError):
            filler.unlink()


_OTHERS: dict[str, Callable[[Harm, World], int]] = {
    "kill a worker": _kill_one(World.workers),
    "kill a tool": _kill_one(World.tools),
    "kill the daemon": _kill_daemon,
    "kill the code server": _kill_one(World.code_servers),
    "kill everything": _kill_everything,
    "restart Postgres": _restart_postgres,
    "the disk is full": _fill_disk,
}
