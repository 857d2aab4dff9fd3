"""The harms themselves. Each says how often it hit: 0 where there was nothing to harm."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from media_pipeline_tests.chaos.feed import Feed
from media_pipeline_tests.chaos.gate import Gate
from media_pipeline_tests.chaos.plan import Harm
from media_pipeline_tests.chaos.world import World, kill
from media_pipeline_tests.faulty import Fault, Late, Lost, Refuse, Short

_LOOKING_SECONDS = 30
_MEETING_SECONDS = 90
"""until an upload has come to a step, whatever the harm before has left to heal"""
_AMID_SECONDS = 0.2
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
    """Where the step begins, or amid it, or where its work is done and nobody knows of it yet: never beside it."""
    gate = Gate(world.home / "gates", name, "end" if harm.choice > 2 / 3 else "begin")
    amid = 1 / 3 < harm.choice < 2 / 3
    until = time.monotonic() + _MEETING_SECONDS
    while (left := until - time.monotonic()) > 0:
        with gate.shut():
            if (met := gate.met(seconds=left)) is None:
                return 0
            worker = [p for p in world.workers() if p.pid == met[0]]
            killed = 0 if amid else kill(worker)
        if amid:
            time.sleep(harm.choice * _AMID_SECONDS)
            killed = kill(worker)
        if killed and world.at(name, met[1]):
            return 1
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
