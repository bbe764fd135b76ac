"""Waiting for tasks to change: one query per tick for everybody who waits, however many they are."""

from __future__ import annotations

import asyncio
from collections import Counter

import structlog

from shared.database import Database
from shared.errors import StoreUnavailable
from shared.tasks import reading

_log = structlog.get_logger(__name__)
_TICK_S = 0.1


class Watcher:
    """Polls the versions of watched tasks while there are any, and wakes those whose task moved on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watched: Counter[str] = Counter()
        self._versions: dict[str, int] = {}
        self._changed = asyncio.Condition()
        self._ticker: asyncio.Task[None] | None = None

    async def wait(self, task_id: str, seen: int, timeout: float) -> bool:  # noqa: ASYNC109 - callers bound their own wait
        """True when the task's version differs from `seen` within `timeout` seconds."""
        self._watched[task_id] += 1
        if self._ticker is None or self._ticker.done():
            self._ticker = asyncio.create_task(self._tick())
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(lambda: self._versions.get(task_id, seen) != seen)
            return True
        except TimeoutError:
            return False
        finally:
            self._watched[task_id] -= 1
            if self._watched[task_id] <= 0:
                del self._watched[task_id]
                self._versions.pop(task_id, None)

    async def close(self) -> None:
        if self._ticker:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)

    async def _tick(self) -> None:
        while self._watched:
            try:
                self._versions = await asyncio.to_thread(self._read, list(self._watched))
            except StoreUnavailable:
                _log.warning("watch_paused", reason="store_unavailable")
            async with self._changed:
                self._changed.notify_all()
            await asyncio.sleep(_TICK_S)

    def _read(self, ids: list[str]) -> dict[str, int]:
        with self._database.read() as connection:
            return reading.versions(connection, ids)
