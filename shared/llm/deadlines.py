"""Three limits of one attempt: its whole deadline, its first piece, and the silence between two pieces.

And one of the whole call: whatever hangs, its caller is answered at its deadline, or a moment later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from typing import Generic, TypeVar

from shared.llm.catalogue import Deployment
from shared.llm.failures import FaultKind
from shared.llm.unusable import Unusable

T = TypeVar("T")
_LAST_WORDS_S = 0.5


def time_to_wind_up(until: float, longest_s: float) -> float:
    """Seconds for which a call with this deadline waits for what may as well end behind its caller's back."""
    return max(0.0, min(longest_s, until + _LAST_WORDS_S - asyncio.get_running_loop().time()))


class Limits:
    """Moments on the loop's clock. `until` is when the whole call must be over, whatever the deployment allows."""

    def __init__(self, deployment: Deployment, until: float) -> None:
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._end = min(until, now + deployment.deadline_s)
        self._first = now + deployment.first_token_s
        self._idle_s = deployment.idle_s
        self._begun = False

    async def whole(self, answer: Awaitable[T]) -> T:
        """The answer to a request that does not stream. Raises Unusable."""
        return await self._before(self._end, FaultKind.TIMEOUT, answer)

    async def piece(self, answer: Awaitable[T]) -> T:
        """The next piece of a stream. Raises Unusable."""
        if self._begun:
            # Counted from when somebody waits: a reader who takes a while is not the provider's silence.
            moment, kind = self._loop.time() + self._idle_s, FaultKind.IDLE_TIMEOUT
        else:
            moment, kind = self._first, FaultKind.FIRST_TOKEN_TIMEOUT
        if self._end <= moment:
            moment, kind = self._end, FaultKind.TIMEOUT
        found = await self._before(moment, kind, answer)
        self._begun = True
        return found

    @staticmethod
    async def _before(moment: float, kind: FaultKind, answer: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout_at(moment) as limit:
                return await answer
        except TimeoutError:
            if not limit.expired():
                raise  # the library's own
        raise Unusable(kind)


class Paced(Generic[T]):
    """A stream each piece of which comes in time, or Unusable."""

    def __init__(self, pieces: AsyncGenerator[T, None], limits: Limits) -> None:
        self._pieces = pieces
        self._limits = limits

    def __aiter__(self) -> Paced[T]:
        return self

    async def __anext__(self) -> T:
        return await self._limits.piece(anext(self._pieces))
