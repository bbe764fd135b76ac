"""Working only as long as somebody waits for the answer and the process is not told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from typing import Any, Generic, TypeVar

import anyio
from fastapi import Request
from starlette.requests import ClientDisconnect

from shared.errors import ServiceUnavailable

T = TypeVar("T")
_AHEAD = 64  # events that may wait for a slow reader before the provider has to wait too


async def unless_gone(
    request: Request, work: Coroutine[Any, Any, T], stopping: asyncio.Future[None] | None = None
) -> T:
    """What `work` returns. Cancels it, waits until it has ended and raises ClientDisconnect when the caller hangs up,
    ServiceUnavailable once `stopping` is done.

    The request's body must have been read: whatever is received after it means that the caller is gone.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_hung_up(request))
    ends: set[asyncio.Future[Any]] = {working, leaving}
    try:
        await asyncio.wait(ends | {stopping} if stopping else ends, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect if leaving.done() else _stopped()
    finally:
        await _ended(working, leaving)


class Pump(AsyncIterator[T], Generic[T]):
    """Reads a stream in a task of its own: one task begins, reads and closes it, however and where its reader ends.

    Once `stopping` is done, the reader of a stream that is not whole gets ServiceUnavailable instead of a cut.
    """

    def __init__(self, events: AsyncGenerator[T, None], stopping: asyncio.Future[None]) -> None:
        self._queue: asyncio.Queue[T | _End] = asyncio.Queue(_AHEAD)
        self._task = asyncio.create_task(self._run(events))
        stopping.add_done_callback(self._interrupt)
        self._task.add_done_callback(lambda _: stopping.remove_done_callback(self._interrupt))

    async def __anext__(self) -> T:
        item = await self._queue.get()
        if not isinstance(item, _End):
            return item
        raise item.error or StopAsyncIteration

    async def aclose(self) -> None:
        """Cancel what still runs and wait until it has let go of its connection, even while being cancelled."""
        await _ended(self._task)

    async def _run(self, events: AsyncGenerator[T, None]) -> None:
        end = _End()
        try:
            async for event in events:
                await self._queue.put(event)
        except Exception as error:  # noqa: BLE001 - handed to the reader, whoever it is
            end = _End(error)
        finally:
            await events.aclose()
        await self._queue.put(end)

    def _interrupt(self, _stopping: asyncio.Future[None]) -> None:
        """At once: closing the source may take longer than a stopping process has."""
        if self._task.done():
            return  # all of it waits in the queue
        self._task.cancel()
        if self._queue.full():
            while not self._queue.empty():  # a hole in the middle would be worse than an earlier end
                self._queue.get_nowait()
        self._queue.put_nowait(_End(_stopped()))


class _End:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


def _stopped() -> ServiceUnavailable:
    return ServiceUnavailable("o processo está encerrando; peça de novo", retry_after=2)


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _ended(*tasks: asyncio.Task[Any]) -> None:
    """Awaiting a cancelled task from a cancelled one would give up at once and leave its socket open."""
    for task in tasks:
        task.cancel()
    with anyio.CancelScope(shield=True):
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # seen: either raised by the caller of `unless_gone` or of no interest any more
