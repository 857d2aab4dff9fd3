"""Server-sent events: over a real server, and their parts where time plays a role."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
import pytest

from media_pipeline.domain.caller import Scope
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.job import ERASED, Job, JobState, TaskState
from media_pipeline.domain.receipt import Receipt
from media_pipeline.gateway import live as live_module
from media_pipeline.gateway.background import failed, running
from media_pipeline.gateway.events import told
from media_pipeline.gateway.live import Live
from media_pipeline.gateway.problems import Problem
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryCatalogue
from media_pipeline_tests.gateway.house import OTHER, House, served, within

PATIENCE = 10.0


@pytest.fixture
def site(home: House) -> Iterator[str]:
    with served(home.app) as url:
        yield url


class Stream:
    """The events of a stream, one by one."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()

    def next(self) -> tuple[str, Any]:
        event = ""
        for line in self._lines:
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            if line.startswith("data: "):
                return event, json.loads(line.removeprefix("data: "))
        raise EOFError


def test_a_job_is_followed_to_its_end(home: House, site: str) -> None:
    job = home.media()
    url, key = f"{site}/v1/media/{job.media_id}/events", home.key("acme", Scope.READ)
    with httpx.stream("GET", url, headers=key, timeout=PATIENCE) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        stream = Stream(response)
        event, first = stream.next()
        assert (event, first["id"], first["state"]) == ("status", job.media_id, "queued")
        home.move(job, JobState.PROCESSING)
        assert stream.next()[1]["state"] == "processing"
        home.task(job, "source", TaskState.RUNNING, progress=0.25)
        assert stream.next()[1]["tasks"][0]["progress"] == 0.25
        home.finish(job, JobState.PLAYABLE, JobState.READY)
        last = None
        while (found := stream.next())[0] == "status":
            last = found[1]["state"]
        assert (last, found) == ("ready", ("end", {}))
        with pytest.raises(EOFError):
            stream.next()


def test_of_a_job_that_is_over_the_end_comes_at_once(home: House, site: str) -> None:
    job = home.finish(home.media(), JobState.PROCESSING, JobState.READY)
    answer = httpx.get(f"{site}/v1/media/{job.media_id}/events", headers=home.key(), timeout=PATIENCE)
    assert [line for line in answer.text.splitlines() if line.startswith("event")] == ["event: status", "event: end"]


def test_who_leaves_is_forgotten_and_nobody_is_asked_for(home: House, site: str) -> None:
    live: Live = home.app.state.live
    job = home.media()
    with httpx.stream("GET", f"{site}/v1/media/{job.media_id}/events", headers=home.key(), timeout=PATIENCE) as one:
        stream = Stream(one)  # kept: without it, the answer is closed
        stream.next()
        assert live.listeners == 1
    within(PATIENCE, lambda: live.listeners == 0)


def test_somebody_elses_media_is_not_followed(home: House, site: str) -> None:
    job = home.media(tenant=OTHER)
    answer = httpx.get(f"{site}/v1/media/{job.media_id}/events", headers=home.key(), timeout=PATIENCE)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


# Their parts, on a loop of their own: as quick as they are told to be.


class Away(MemoryCatalogue):
    """A catalogue that is away for a while, and counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.asked: list[set[str]] = []

    def current(self, media_ids: Collection[str]) -> list[Job]:
        self.asked.append(set(media_ids))
        if self.away:
            raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The catalogue does not answer.")
        return super().current(media_ids)


def registered(catalogue: MemoryCatalogue, key: str = "clip.mp4") -> Job:
    return catalogue.register(a.upload(key), title=key, tenant="acme", profile="default", tasks=["source"], at=a.NOW)


@asynccontextmanager
async def lively(catalogue: MemoryCatalogue) -> AsyncIterator[Live]:
    live = Live(catalogue, every_seconds=0.001)
    async with running(live.poll()):
        yield live


async def soon(queue: "asyncio.Queue[Job]") -> Job:
    return await asyncio.wait_for(queue.get(), PATIENCE)


async def asked_again(catalogue: Away) -> None:
    """Until the catalogue was asked twice from now on, so that the first answer has been told."""
    async with asyncio.timeout(PATIENCE):
        enough = len(catalogue.asked) + 2
        while len(catalogue.asked) < enough:
            await asyncio.sleep(0)


def moved(catalogue: MemoryCatalogue, job: Job, *states: JobState) -> Job:
    for state in states:
        assert catalogue.move(job.media_id, job.version, state, at=a.NOW)
    return catalogue.job(job.media_id)


def test_one_question_serves_everybody_and_none_is_asked_for_nobody() -> None:
    async def scene() -> None:
        catalogue = Away()
        one, other = registered(catalogue, "one"), registered(catalogue, "other")
        async with lively(catalogue) as live:
            async with live.listening(one) as first, live.listening(one) as second, live.listening(other) as third:
                assert [await soon(first), await soon(second), await soon(third)] == [one, one, other]
                after = moved(catalogue, one, JobState.PROCESSING)
                assert [await soon(first), await soon(second)] == [after, after]
                assert third.empty()
            assert catalogue.asked[-1] == {one.media_id, other.media_id}
            await asyncio.sleep(0.01)
            before = len(catalogue.asked)
            await asyncio.sleep(0.02)
            assert len(catalogue.asked) == before

    asyncio.run(scene())


def test_a_catalogue_that_is_away_for_a_while_costs_no_listener() -> None:
    async def scene() -> None:
        catalogue = Away()
        job = registered(catalogue)
        async with lively(catalogue) as live, live.listening(job) as queue:
            await soon(queue)
            catalogue.away = True
            after = moved(catalogue, job, JobState.PROCESSING)
            await asked_again(catalogue)
            assert queue.empty()
            catalogue.away = False
            assert await soon(queue) == after

    asyncio.run(scene())


def test_a_slow_listener_skips_to_the_newest() -> None:
    async def scene() -> None:
        catalogue = Away()
        job = registered(catalogue)
        async with lively(catalogue) as live, live.listening(job) as queue:
            for state in (JobState.PROCESSING, JobState.PLAYABLE):
                after = moved(catalogue, job, state)
                await asked_again(catalogue)
            assert await soon(queue) == after
            assert queue.empty()

    asyncio.run(scene())


def test_who_read_the_job_before_a_change_and_listens_after_it_is_told_of_it() -> None:
    async def scene() -> None:
        catalogue = Away()
        stale = registered(catalogue)
        async with lively(catalogue) as live, live.listening(stale) as first:
            await soon(first)
            after = moved(catalogue, stale, JobState.PROCESSING)
            assert await soon(first) == after
            async with live.listening(stale) as late:
                assert await soon(late) == stale
                assert await soon(late) == after

    asyncio.run(scene())


def test_there_is_a_most_of_listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "MOST_LISTENERS", 1)

    async def scene() -> None:
        catalogue = MemoryCatalogue()
        live = Live(catalogue)
        live.require_room()
        async with live.listening(registered(catalogue)):
            with pytest.raises(Problem) as refused:
                live.require_room()
        assert (refused.value.status, refused.value.code) == (503, "too-many-listeners")

    asyncio.run(scene())


def test_silence_is_filled_and_an_erasure_tells_nothing_more() -> None:
    async def scene() -> None:
        catalogue = Away()
        job = registered(catalogue)
        async with lively(catalogue) as live:
            events = told(
                job, live, text=lambda j: j.title, visible=lambda j: j.tenant == "acme", beat_seconds=0.005
            )  # fmt: skip
            async with aclosing(events):
                assert await anext(events) == "event: status\ndata: clip.mp4\n\n"
                assert await anext(events) == ": still here\n\n"
                catalogue.move(job.media_id, job.version, JobState.REMOVED, failure=ERASED, at=a.NOW)
                catalogue.erase(Receipt(job.media_id, a.NOW, 1, 0, 0, 0, False))
                rest = [event async for event in events if not event.startswith(":")]
                assert rest == ["event: end\ndata: {}\n\n"]
            assert live.listeners == 0

    asyncio.run(scene())


def test_work_that_fails_is_found_out() -> None:
    async def broken() -> None:
        raise RuntimeError("a fault of ours")

    async def scene() -> None:
        async with running(asyncio.sleep(60), broken()) as tasks:
            assert not failed(tasks)
            async with asyncio.timeout(PATIENCE):
                while not failed(tasks):
                    await asyncio.sleep(0)

    asyncio.run(scene())
