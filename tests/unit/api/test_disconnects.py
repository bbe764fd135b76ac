"""Work ends with whoever waited for it, in the task that began it, and not before it has let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest
from starlette.requests import ClientDisconnect, Request

from api.disconnects import Pump, unless_gone
from shared.errors import ServiceUnavailable


class Caller:
    """A request whose caller stays until it is told to hang up."""

    def __init__(self) -> None:
        self.leaves = asyncio.Event()
        self.request = Request({"type": "http"}, self._receive)

    async def _receive(self) -> dict[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}


class Source:
    """A stream that gives `pieces` and then waits for ever; remembers which tasks ran it and whether it let go."""

    def __init__(self, *pieces: str) -> None:
        self.pieces = pieces
        self.tasks: set[Any] = set()
        self.waits = asyncio.Event()
        self.let_go = False

    async def events(self) -> AsyncGenerator[str, None]:
        try:
            for piece in self.pieces:
                self.tasks.add(asyncio.current_task())
                yield piece
            self.waits.set()
            await asyncio.Event().wait()
        finally:
            self.tasks.add(asyncio.current_task())
            await asyncio.sleep(0)  # closing a socket takes a turn of the loop
            self.let_go = True


@pytest.fixture
async def stopping() -> asyncio.Future[None]:
    """Done when the process is told to stop."""
    return asyncio.get_running_loop().create_future()


async def test_the_result_of_whoever_stays() -> None:
    async def work() -> int:
        return 7

    async def fail() -> int:
        raise LookupError

    assert await unless_gone(Caller().request, work()) == 7
    with pytest.raises(LookupError):
        await unless_gone(Caller().request, fail())


async def test_work_is_cancelled_and_awaited_when_the_caller_leaves() -> None:
    caller, started, ended = Caller(), asyncio.Event(), False

    async def work() -> None:
        nonlocal ended
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended = True

    waiting = asyncio.create_task(unless_gone(caller.request, work()))
    await started.wait()
    caller.leaves.set()
    with pytest.raises(ClientDisconnect):
        await waiting
    assert ended


async def test_a_stream_is_read_to_its_end_or_to_its_error(stopping: asyncio.Future[None]) -> None:
    async def whole() -> AsyncGenerator[str, None]:
        yield "a"
        yield "b"

    async def broken() -> AsyncGenerator[str, None]:
        yield "a"
        raise LookupError

    assert [piece async for piece in Pump(whole(), stopping)] == ["a", "b"]
    pump, got = Pump(broken(), stopping), list[str]()
    with pytest.raises(LookupError):
        async for piece in pump:
            got.append(piece)
    assert got == ["a"]


async def test_closing_lets_go_of_the_source_in_its_own_task(stopping: asyncio.Future[None]) -> None:
    source = Source("a")
    pump = Pump(source.events(), stopping)
    assert await anext(pump) == "a"
    await source.waits.wait()
    await pump.aclose()
    await pump.aclose()
    assert source.let_go and len(source.tasks) == 1


async def test_closing_waits_even_while_its_own_task_is_being_cancelled(stopping: asyncio.Future[None]) -> None:
    source = Source("a")
    pump = Pump(source.events(), stopping)
    with anyio.CancelScope() as scope:
        try:
            await anext(pump)
            scope.cancel()
            await anext(pump)
        finally:
            await pump.aclose()
            assert source.let_go


async def test_a_slow_reader_holds_the_source_back(stopping: asyncio.Future[None]) -> None:
    given = 0

    async def endless() -> AsyncGenerator[int, None]:
        nonlocal given
        while True:
            given += 1
            yield given

    pump = Pump(endless(), stopping)
    assert await anext(pump) == 1
    for _ in range(1000):
        await asyncio.sleep(0)
    assert given < 100
    await pump.aclose()


async def test_a_process_that_stops_says_so_and_lets_go(stopping: asyncio.Future[None]) -> None:
    source = Source("a")
    pump, working = Pump(source.events(), stopping), asyncio.Event()

    async def work() -> None:
        working.set()
        await asyncio.Event().wait()

    waiting = asyncio.create_task(unless_gone(Caller().request, work(), stopping))
    assert await anext(pump) == "a"
    await source.waits.wait()
    await working.wait()
    stopping.set_result(None)
    for ended in (anext(pump), waiting):
        with pytest.raises(ServiceUnavailable):
            await ended
    await pump.aclose()
    assert source.let_go


async def test_a_whole_stream_stays_whole_though_the_process_stops(stopping: asyncio.Future[None]) -> None:
    async def whole() -> AsyncGenerator[str, None]:
        yield "a"
        stopping.set_result(None)

    assert [piece async for piece in Pump(whole(), stopping)] == ["a"]


async def test_a_reader_that_lags_behind_gets_no_hole(stopping: asyncio.Future[None]) -> None:
    full = asyncio.Event()

    async def endless() -> AsyncGenerator[int, None]:
        for number in range(1000):
            if number == 70:
                full.set()
            yield number

    pump = Pump(endless(), stopping)
    got = [await anext(pump) for _ in range(10)]
    await full.wait()
    stopping.set_result(None)
    with pytest.raises(ServiceUnavailable):
        async for piece in pump:
            got.append(piece)
    await pump.aclose()
    assert got == list(range(len(got)))
