"""Answers that many ask for at once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from media_pipeline.domain.errors import Missing, Unavailable
from media_pipeline.gateway.recent import Recent


class Asked:
    """A slow source of answers."""

    def __init__(self) -> None:
        self.times = 0
        self.now = 0.0
        self.go = asyncio.Event()
        self.failing = False

    async def __call__(self) -> int:
        self.times += 1
        mine = self.times
        await self.go.wait()
        if self.failing:
            raise Missing("gone")
        return mine


def recent(ask: Asked, at_most: int = 10) -> Recent[int]:
    return Recent(good_seconds=1.0, at_most=at_most, clock=lambda: ask.now)


def run(body: Callable[[Asked], Awaitable[None]]) -> None:
    async def main() -> None:
        await body(Asked())

    asyncio.run(main())


def test_who_asks_meanwhile_or_soon_after_gets_the_same_answer() -> None:
    async def body(ask: Asked) -> None:
        answers = recent(ask)
        waiting = [asyncio.ensure_future(answers.answer("a", ask)) for _ in range(3)]
        await asyncio.sleep(0)
        ask.go.set()
        assert [await one for one in waiting] == [1, 1, 1]
        ask.now = 0.9
        assert await answers.answer("a", ask) == 1
        assert await answers.answer("b", ask) == 2
        ask.now = 1.0
        assert await answers.answer("a", ask) == 3

    run(body)


def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    async def body(ask: Asked) -> None:
        answers = recent(ask)
        ask.failing = True
        waiting = [asyncio.ensure_future(answers.answer("a", ask)) for _ in range(2)]
        ask.go.set()
        assert [type(e) for e in await asyncio.gather(*waiting, return_exceptions=True)] == [Missing, Missing]
        ask.failing = False
        assert await answers.answer("a", ask) == 2

    run(body)


def test_who_asked_first_may_go_away() -> None:
    async def body(ask: Asked) -> None:
        answers = recent(ask)
        first, second = (asyncio.ensure_future(answers.answer("a", ask)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        ask.go.set()
        assert await second == 1

    run(body)


def test_no_more_are_awaited_than_allowed() -> None:
    async def body(ask: Asked) -> None:
        answers = recent(ask, at_most=1)
        first = asyncio.ensure_future(answers.answer("a", ask))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await answers.answer("b", ask)
        ask.go.set()
        assert await first == 1

    run(body)
