"""What the gateway answers with 10, 1,000 and 10,000 media in the catalogue, and what 500 listeners cost it.

A real server in a process of its own for each size, over Postgres, asked over HTTP by 16 callers at once on the same
machine, so that callers and database are in the times too; sizes take turns, so that a busy minute hits them all. The
ratio of the server's CPU for an answer to that of the smallest size is 1 where the cost does not grow with the library.

Of the events: from the commit of a change to each of 500 media until the last of 500 listeners, one of each, has read
it; and the CPU of the server while nothing happens.

    python benchmarks/gateway.py [--sizes 10 1000 10000] [--seconds 10] [--listeners 500]
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import measure
import psutil
import sqlalchemy as sa

from media_pipeline.application.access import issue
from media_pipeline.application.register import tasks
from media_pipeline.domain.caller import Scope
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.api_keys import SqlKeys
from media_pipeline.infrastructure.connections import Connections
from media_pipeline.infrastructure.database import open_database, upgrade
from media_pipeline_tests.postgres import running

SIZES = (10, 1_000, 10_000)
CALLERS = 16
LISTENERS = 500
ROUNDS = 3
IDLE_SECONDS = 10.0
PATHS: dict[str, Callable[[int, int], str]] = {
    "status": lambda number, size: f"/v1/media/clip-{number * 7919 % size + 1}",
    "list, 10 of them": lambda _number, _size: "/v1/media?limit=10",
}
TENANT = "default"
GOAL = 1.2
_TASKS = tasks(recipes.load().profiles["default"])
_MEDIA = """
INSERT INTO media (id, bucket, key, title, tenant, current_version, created_at, tags)
SELECT 'clip-' || n, 'uploads', 'clips/' || n || '.mp4', 'Clip ' || n, :tenant, 'v' || n,
       timestamptz '2026-01-01' + n * interval '1 minute', '[]'
FROM generate_series(1, :size) n
"""
_JOBS = """
INSERT INTO jobs (media_id, version, etag, size, profile, state, revision, received_at, started_at, tenant)
SELECT id, current_version, md5(id), 1000000, 'default', 'processing', 0, created_at, created_at, tenant FROM media
"""
_EACH_TASK = """
INSERT INTO tasks (media_id, version, name, position, state, progress)
SELECT id, current_version, CAST(:name AS text), :position, 'running', 0 FROM media
"""
_SERVER = """
import sys
from pathlib import Path
import uvicorn
from media_pipeline.gateway.app import create_app
from media_pipeline.gateway.front import Front
from media_pipeline.infrastructure.outgoing import Outgoing
from media_pipeline_tests.fakes import MemoryEngine
from media_pipeline_tests.platform import platform

def nobody(_):
    raise AssertionError("nothing is launched here")

built = platform(Path(sys.argv[1]), database=sys.argv[2], requests_per_minute=10**9)
engine = MemoryEngine()
front = Front(built, engine, engine.history, nobody, None, Outgoing(private=False), b"s" * 32, nobody)

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)

Server(uvicorn.Config(create_app(front), port=0, log_level="error")).run()
"""


@dataclass
class Asked:
    """How long each answer took, how long all of them, and the CPU seconds that the server spent on them."""

    took: list[float] = field(default_factory=list)
    whole: float = 0.0
    cpu: float = 0.0

    @property
    def cpu_each(self) -> float:
        return self.cpu / len(self.took)


@dataclass(frozen=True)
class Site:
    """A server over so many media."""

    size: int
    address: str
    key: str
    url: str
    server: psutil.Process
    asked: dict[str, Asked] = field(default_factory=lambda: {name: Asked() for name in PATHS})


def fill(url: str, size: int) -> str:
    """Media of one tenant, all of them being worked on; a key of theirs."""
    upgrade(url)
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(sa.text(_MEDIA), {"size": size, "tenant": TENANT})
        connection.execute(sa.text(_JOBS))
        for position, name in enumerate(_TASKS):
            connection.execute(sa.text(_EACH_TASK), {"name": name, "position": position})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()
    keys = SqlKeys(Connections(url))
    return issue("benchmark", tenant=TENANT, scopes={Scope.READ}, keys=keys, now=datetime.now(UTC))[1]


@contextmanager
def served(home: Path, url: str) -> Iterator[tuple[str, psutil.Process]]:
    """The address of a server in a process of its own, and the process."""
    home.mkdir()
    argv = [sys.executable, "-c", _SERVER, str(home), url]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", psutil.Process(process.pid)
        finally:
            process.kill()


@asynccontextmanager
async def caller(address: str, key: str, connections: int) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, limits=limits, timeout=60) as client:
        yield client


async def ask(site: Site, name: str, seconds: float, *, counted: bool = True) -> None:
    """Ask for one path after the other, from every caller, for so long."""
    asked, until = Asked() if not counted else site.asked[name], time.monotonic() + seconds

    async def one(client: httpx.AsyncClient, number: int) -> None:
        while time.monotonic() < until:
            began = time.monotonic()
            (await client.get(PATHS[name](number, site.size))).raise_for_status()
            asked.took.append(time.monotonic() - began)
            number += CALLERS

    async with caller(site.address, site.key, CALLERS) as client:
        began, before = time.monotonic(), _cpu(site.server)
        await asyncio.gather(*(one(client, number) for number in range(CALLERS)))
        asked.whole += time.monotonic() - began
        asked.cpu += _cpu(site.server) - before


async def answers(sites: Sequence[Site], seconds: float) -> None:
    for site in sites:
        for name in PATHS:
            await ask(site, name, 1, counted=False)  # what is only slow the first time is not what is measured
    for _ in range(ROUNDS):
        for name in PATHS:
            for site in sites:
                await ask(site, name, seconds / ROUNDS)


async def listening(site: Site, listeners: int) -> list[str]:
    """A line of what listeners cost."""
    told: asyncio.Queue[float] = asyncio.Queue()
    async with AsyncExitStack() as open_streams, asyncio.TaskGroup() as reading:
        client = await open_streams.enter_async_context(caller(site.address, site.key, listeners))

        async def follow(number: int) -> None:
            async with client.stream("GET", f"/v1/media/clip-{number}/events") as response:
                async for line in response.aiter_lines():
                    if line.startswith("data: "):
                        told.put_nowait(time.monotonic())

        began = time.monotonic()
        followers = [reading.create_task(follow(number)) for number in range(1, listeners + 1)]
        await _all(told, listeners)
        opened = time.monotonic() - began
        before = _cpu(site.server)
        await asyncio.sleep(IDLE_SECONDS)
        idle = (_cpu(site.server) - before) / IDLE_SECONDS
        waits = [await _change(site.url, told, listeners, progress) for progress in (0.25, 0.5, 0.75)]
        for follower in followers:
            follower.cancel()
    memory = site.server.memory_info().rss >> 20
    firsts, lasts = ([wait[end] for wait in waits] for end in (0, 1))
    return [
        f"{listeners}", f"{opened:.1f} s", f"{statistics.median(firsts):.2f} s", f"{statistics.median(lasts):.2f} s",
        f"{idle:.0%} of a core", f"{memory} MiB",
    ]  # fmt: skip


async def _change(url: str, told: "asyncio.Queue[float]", listeners: int, progress: float) -> tuple[float, float]:
    """Seconds from a change of everything that is listened to until the first listener and the last have read it."""

    def change() -> float:
        engine = open_database(url)
        ids = [f"clip-{number}" for number in range(1, listeners + 1)]
        with engine.begin() as connection:
            change = sa.text("UPDATE tasks SET progress = :p WHERE name = :name AND media_id = ANY(:ids)")
            connection.execute(change, {"p": progress, "name": _TASKS[0], "ids": ids})
        engine.dispose()
        return time.monotonic()

    changed = await asyncio.to_thread(change)
    first, last = await _all(told, listeners)
    return max(0.0, first - changed), last - changed


async def _all(told: "asyncio.Queue[float]", count: int) -> tuple[float, float]:
    """When the first of so many was told, and when the last."""
    times = [await asyncio.wait_for(told.get(), 60) for _ in range(count)]
    return min(times), max(times)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def rows(sites: Sequence[Site]) -> Iterator[list[str]]:
    for name in PATHS:
        for site in sites:
            asked = site.asked[name]
            ratio = asked.cpu_each / sites[0].asked[name].cpu_each
            median, p95 = statistics.median(asked.took), statistics.quantiles(asked.took, n=20)[18]
            yield [
                name, f"{site.size:,}", f"{len(asked.took) / asked.whole:.0f}", f"{median * 1e3:.1f} ms",
                f"{p95 * 1e3:.1f} ms", f"{asked.cpu_each * 1e3:.1f} ms",
                f"{ratio:.2f}{'' if ratio <= GOAL else ' (over)'}",
            ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each measurement")
    parser.add_argument("--listeners", type=int, default=LISTENERS)
    options = parser.parse_args()
    heard: list[str] = []
    with running() as postgres, tempfile.TemporaryDirectory() as place, ExitStack() as servers:
        sites = []
        for size in options.sizes:
            url = postgres.new_database()
            key = fill(url, size)
            address, server = servers.enter_context(served(Path(place) / str(size), url))
            sites.append(Site(size, address, key, url, server))
        asyncio.run(answers(sites, options.seconds))
        if sites[-1].size >= options.listeners:
            heard = asyncio.run(listening(sites[-1], options.listeners))
    print(measure.where(f"{CALLERS} callers, server and Postgres on the same machine"))
    head = ["answer", "media", "a second", "median", "p95", "CPU of the server", "× the smallest"]
    print(measure.table(head, list(rows(sites))))
    if heard:
        head = ["listeners", "all connected", "first told", "all told", "CPU while idle", "memory"]
        print("\n" + measure.table(head, [heard]))


if __name__ == "__main__":
    main()
