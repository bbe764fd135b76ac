"""The text of one answer as it comes, read by any number of readers at their own pace.

A reader is an offset into the one text, so a slow one costs nothing but its place.
"""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_right
from dataclasses import dataclass

from shared.conversations.records import Outcome
from shared.errors import PlantaoError

# Neither database keeps a NUL in a text, and half a surrogate pair is no UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended, as it stands in the store; `error` is why it is not whole."""

    outcome: Outcome
    error: PlantaoError | None = None


class AnswerBuffer:
    """Belongs to one event loop. Offsets count characters."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pieces: list[str] = []
        self._ends: list[int] = []
        self._waiting: list[asyncio.Future[bool]] = []
        self.length = 0
        self.ending: Ending | None = None

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def add(self, text: str) -> None:
        """The next piece; what no database could keep is replaced."""
        if _UNSTORABLE.search(text):
            text = _UNSTORABLE.sub("\ufffd", text)
        self._pieces.append(text)
        self.length += len(text)
        self._ends.append(self.length)
        self._wake(moved=True)

    def end(self, ending: Ending) -> None:
        self.ending = ending
        self._wake(moved=True)

    def nudge(self) -> None:
        """Let those who wait say that they are still there."""
        self._wake(moved=False)

    def since(self, offset: int) -> str:
        """Everything after the first `offset` characters."""
        if offset >= self.length:
            return ""
        first = bisect_right(self._ends, offset)
        inside = offset - (self._ends[first - 1] if first else 0)
        if first == len(self._pieces) - 1:
            return self._pieces[first][inside:]
        return "".join(self._pieces[first:])[inside:]

    async def wait(self) -> bool:
        """Until there is more, or the end; False: merely nudged."""
        waiter = self._loop.create_future()
        self._waiting.append(waiter)
        return await waiter

    def _wake(self, *, moved: bool) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(moved)
