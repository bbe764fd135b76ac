"""What must be finished although whoever waits for it is gone: closing a socket, settling a bill."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import anyio

_running: set[asyncio.Task[Any]] = set()


async def undisturbed(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` to its end in a task of its own, and wait for it as long as the caller lives.

    The scope keeps out Starlette's cancellation, which comes again at every wait; the task outlives asyncio's own.
    """
    task = asyncio.get_running_loop().create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    with anyio.CancelScope(shield=True):
        await asyncio.shield(task)


async def finish(within_s: float) -> None:
    """Wait for what this loop still has under way, at most so long: before the loop is closed."""
    loop = asyncio.get_running_loop()
    mine = [task for task in _running if task.get_loop() is loop]
    if mine:
        await asyncio.wait(mine, timeout=within_s)
