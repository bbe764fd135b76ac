"""A loop whose clock stands while it works and jumps where it would sleep: limits are met to the millisecond, whatever
else the machine has to do."""

from __future__ import annotations

import asyncio
import selectors


class _Jumping(selectors.DefaultSelector):
    """Sleeps only where no timer is set: what is not ready at once comes after the next timer."""

    passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(0)
        if not ready:
            self.passed_s += timeout
        return ready


class SimulatedTime(asyncio.SelectorEventLoop):
    """For what waits for events and timers of its own; an answer of a socket or a thread would come too late."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed_s
