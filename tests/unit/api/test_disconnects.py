"""Work ends with whoever waited for it, in the task that began it, and not before it has let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest
from starlette.requests import ClientDisconnect, Request

from api.disconnects import Pump, unless_gone


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


async def test_a_stream_is_read_to_its_end_or_to_its_error() -> None:
    async def whole() -> AsyncGenerator[str, None]:
        yield "a"
        yield "b"

    async def broken() -> AsyncGenerator[str, None]:
        yield "a"
        raise LookupError

    assert [piece async for piece in Pump(whole())] == ["a", "b"]
    pump, got = Pump(broken()), list[str]()
    with pytest.raises(LookupError):
        async for piece in pump:
            got.append(piece)
    assert got == ["a"]


async def test_closing_lets_go_of_the_source_in_its_own_task() -> None:
    source = Source("a")
    pump = Pump(source.events())
    assert await anext(pump) == "a"
    await source.waits.wait()
    await pump.aclose()
    await pump.aclose()
    assert source.let_go and len(source.tasks) == 1


async def test_closing_waits_even_while_its_own_task_is_being_cancelled() -> None:
    source = Source("a")
    pump = Pump(source.events())
    with anyio.CancelScope() as scope:
        try:
            await anext(pump)
            scope.cancel()
            await anext(pump)
        finally:
            await pump.aclose()
            assert source.let_go


async def test_a_slow_reader_holds_the_source_back() -> None:
    given = 0

    async def endless() -> AsyncGenerator[int, None]:
        nonlocal given
        while True:
            given += 1
            yield given

    pump = Pump(endless())
    assert await anext(pump) == 1
    for _ in range(1000):
        await asyncio.sleep(0)
    assert given < 100
    await pump.aclose()
