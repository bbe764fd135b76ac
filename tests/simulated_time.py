"""A loop whose clock stands while it works and jumps where it would sleep: limits are met to the millisecond, whatever
else the machine has to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any


class _Jumping(selectors.DefaultSelector):
    """Sleeps only where no timer is set or a thread works: what is not ready at once comes after the next timer."""

    passed_s = 0.0
    threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if self.threads:
            return super().select(None)  # its end wakes the loop
        ready = super().select(0)
        if not ready:
            self.passed_s += timeout
        return ready


class SimulatedTime(asyncio.SelectorEventLoop):
    """For what waits for events and timers of its own, or for a thread; the answer of a socket would come too late."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed_s

    def run_in_executor(  # type: ignore[override]  # the stub's own type parameters are private
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        self._jumping.threads += 1
        result = super().run_in_executor(executor, func, *args)
        result.add_done_callback(self._one_less)
        return result

    def _one_less(self, _: asyncio.Future[Any]) -> None:
        self._jumping.threads -= 1
