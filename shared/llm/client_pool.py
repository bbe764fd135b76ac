"""One client per deployment, residence and event loop, made when the deployment is first asked.

A name may move into the house, or out of it: who is asked with patients' names must be a client that stays inside.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from shared.llm.catalogue import Deployment
from shared.llm.ports import ModelClient


@dataclass(slots=True)
class _OfLoop:
    clients: dict[tuple[str, bool], ModelClient] = field(default_factory=dict)
    making: asyncio.Lock = field(default_factory=asyncio.Lock)


class ClientPool:
    """Connections belong to a loop: another loop, as after a fork, gets clients of its own."""

    def __init__(self, create: Callable[[Deployment, bool], ModelClient]) -> None:
        """`create` takes a deployment and whether it is inside. It imports the provider's package, which may take
        seconds: it runs in a thread, before any limit.
        """
        self._create = create
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _OfLoop] = WeakKeyDictionary()

    async def of(self, name: str, deployment: Deployment, *, inside: bool) -> ModelClient:
        """Raises what `create` raises: ModelRefused or ModelUnavailable."""
        key = name, inside
        mine = self._loops.setdefault(asyncio.get_running_loop(), _OfLoop())
        if key in mine.clients:
            return mine.clients[key]
        async with mine.making:
            if key not in mine.clients:
                mine.clients[key] = await asyncio.to_thread(self._create, deployment, inside)
                # A provider's package is some hundred thousand objects that stay for good: a collector that walks them
                # every few hundred calls would stop every stream of the loop for as long.
                gc.collect()
                gc.freeze()
            return mine.clients[key]

    async def close(self) -> None:
        """Close this loop's clients."""
        mine = self._loops.pop(asyncio.get_running_loop(), _OfLoop())
        for client in mine.clients.values():
            await client.close()
