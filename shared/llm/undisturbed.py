"""What must be finished although whoever waits for it is gone: closing a socket, settling a bill."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import anyio
import structlog

from shared.llm.deadlines import time_to_wind_up

_log = structlog.get_logger(__name__)
_PATIENCE_S = 3.0
_running: set[asyncio.Task[Any]] = set()


async def undisturbed(work: Coroutine[Any, Any, None], until: float) -> None:
    """Run `work` to its end in a task of its own, and wait for that as long as is bearable: hardly past `until`, the
    call's deadline on the loop's clock.

    The scope keeps out Starlette's cancellation, which comes again at every wait; the task outlives asyncio's own.
    What fails is logged: whoever waits has something better to tell.
    """
    task = asyncio.get_running_loop().create_task(_logged(work))
    _running.add(task)
    task.add_done_callback(_running.discard)
    with anyio.CancelScope(shield=True):
        await asyncio.wait({task}, timeout=time_to_wind_up(until, _PATIENCE_S))


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:  # noqa: BLE001 - a socket that closes badly must not hide the answer or its failure
        _log.warning("winding_up_failed", error=type(error).__name__)


async def finish(within_s: float) -> None:
    """Wait for what this loop still has under way, at most so long: before the loop is closed."""
    loop = asyncio.get_running_loop()
    mine = [task for task in _running if task.get_loop() is loop]
    if mine:
        await asyncio.wait(mine, timeout=within_s)
