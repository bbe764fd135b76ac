"""Which deployments are inside the house, looked up off the loop and remembered for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from shared.errors import ModelRefused, ModelUnavailable
from shared.llm.candidates import NotAsked
from shared.llm.catalogue import Deployment

_GOOD_FOR_S = 60.0


class Residences:
    """`is_inside` may resolve a name, and raises where it cannot; its answers are kept for a minute, failures never."""

    def __init__(self, is_inside: Callable[[Deployment], bool]) -> None:
        self._is_inside = is_inside
        self._known: dict[str, tuple[float, bool]] = {}

    async def of(self, deployments: Iterable[tuple[str, Deployment]], until: float) -> dict[str, bool | NotAsked]:
        """Of each: whether it is inside, or why that cannot be told by `until` on the loop's clock."""
        return {name: await self._one(name, deployment, until) for name, deployment in deployments}

    async def _one(self, name: str, deployment: Deployment, until: float) -> bool | NotAsked:
        known = self._known.get(name)
        if known and known[0] > time.monotonic():
            return known[1]
        try:
            async with asyncio.timeout_at(until):
                inside = await asyncio.to_thread(self._is_inside, deployment)
        except (ModelRefused, ModelUnavailable) as unknown:
            return unknown
        except TimeoutError:
            return ModelUnavailable("o endereço do modelo não foi encontrado no prazo da chamada", kind="timeout")
        self._known[name] = (time.monotonic() + _GOOD_FOR_S, inside)
        return inside

    def remembered(self, name: str, deployment: Deployment) -> bool:
        """Whether it was inside when last looked up; the first time it is, and blocks. Unknown counts as outside."""
        if name not in self._known:
            try:
                self._known[name] = (time.monotonic() + _GOOD_FOR_S, self._is_inside(deployment))
            except (ModelRefused, ModelUnavailable):
                return False
        return self._known[name][1]
