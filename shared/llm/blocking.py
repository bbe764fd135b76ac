"""The gateway for threads: its loop runs in a thread of its own, and an interruption ends a call at once.

The loop and the gateway are made on the first call, so that one may be created before a fork and used after it: a
child that inherits one makes its own.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import lru_cache

from shared.database import Database
from shared.llm.assembly import open_gateway
from shared.llm.contract import CallContext, ChatReply, ChatRequest, Interrupted, ModelCard
from shared.llm.gateway import Gateway
from shared.llm.interruption import Interruption
from shared.settings import settings

_CLOSING_S = 10.0
_POOL_SIZE = 2


@dataclass(frozen=True, slots=True)
class _Engine:
    """What belongs to one process and must not cross a fork."""

    loop: asyncio.AbstractEventLoop
    thread: threading.Thread
    gateway: Gateway


class BlockingGateway:
    """Blocking calls from any number of threads onto one gateway."""

    def __init__(self, make: Callable[[], Gateway]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._current: _Engine | None = None
        forget = weakref.WeakMethod(self._forget)
        os.register_at_fork(after_in_child=lambda: (method := forget()) and method())

    def complete(self, request: ChatRequest, context: CallContext, *, interruption: Interruption) -> ChatReply:
        """The whole answer, within `context.deadline_s`.

        Raises as `Gateway.complete`, or `Interrupted` within milliseconds of `interruption.fire()`; what the
        interrupted call used is settled behind the caller's back.
        """
        interruption.check()
        # `close` stops the loop under the same lock: what was submitted before is ended, and nothing comes after.
        with self._lock:
            engine = self._engine()
            future = asyncio.run_coroutine_threadsafe(engine.gateway.complete(request, context), engine.loop)
        with interruption.watching(future):
            try:
                return future.result()
            except CancelledError:
                pass
        raise Interrupted

    def models(self) -> Sequence[ModelCard]:
        """As `Gateway.models`."""
        with self._lock:
            engine = self._engine()
        return engine.gateway.models()

    def close(self) -> None:
        """Settle what is under way and stop this process's loop; a later call makes a new one."""
        with self._lock:
            engine, self._current = self._current, None
            if engine is None:
                return
            engine.loop.call_soon_threadsafe(engine.loop.stop)
        engine.thread.join(_CLOSING_S)

    def _engine(self) -> _Engine:
        """The caller holds the lock."""
        if self._current is None:
            gateway, loop = self._make(), asyncio.new_event_loop()
            thread = threading.Thread(target=_serve, args=(loop, gateway), name="llm-gateway", daemon=True)
            self._current = _Engine(loop, thread, gateway)
            thread.start()
        return self._current

    def _forget(self) -> None:
        """In a child: its parent's loop does not run here, and a thread that is not here may hold the lock."""
        self._lock = threading.Lock()
        self._current = None


@lru_cache(maxsize=1)
def process_gateway() -> BlockingGateway:
    """The gateway of the process's own settings and store."""
    return BlockingGateway(_open)


def _open() -> Gateway:
    """With connections of its own: a pool that a parent had opened must not be used after a fork."""
    config = settings()
    database = Database(config.platform.database_url.get_secret_value(), pool_size=_POOL_SIZE)
    return open_gateway(config, database, owns_database=True)


def _serve(loop: asyncio.AbstractEventLoop, gateway: Gateway) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(_wind_up(gateway))
    finally:
        loop.close()


async def _wind_up(gateway: Gateway) -> None:
    """Calls in flight end as interrupted, and are settled."""
    calls = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in calls:
        task.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await gateway.close()
