"""A deployment → its client. A provider's package is imported at its first call, and off the loop."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncGenerator
from typing import cast

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest, TextDelta, ToolCallDelta
from shared.llm.offline import OfflineClient
from shared.llm.ports import ModelClient, WireReply
from shared.llm.residency import address_of, deployment_is_inside, refuse_foreign

# Each module has `open_client(deployment, *, inside) -> ModelClient`.
_MODULES = {
    "openai": "shared.llm.wire.openai",
    "openai_compatible": "shared.llm.wire.openai",
    "anthropic": "shared.llm.wire.anthropic",
    "gemini": "shared.llm.wire.gemini",
    "mistral": "shared.llm.wire.mistral",
    "ollama": "shared.llm.wire.ollama",
}


def create_client(deployment: Deployment, *, transfer_allowed: bool) -> ModelClient:
    """The client of one deployment, for one event loop. Costs nothing: whatever takes time waits for its first call.

    That call raises `TransferRefused` for a model outside the house unless the transfer was configured,
    `ModelUnavailable` when its host's name does not resolve and `ModelRefused` when its address is none.
    """
    if deployment.provider == "offline":
        return OfflineClient()
    return _ClientOnFirstCall(deployment, transfer_allowed)


def preload(*deployments: Deployment) -> None:
    """Import their providers' packages without making any client: takes seconds, for a process about to fork."""
    for deployment in deployments:
        if deployment.provider in _MODULES:
            importlib.import_module(_MODULES[deployment.provider])


class _ClientOnFirstCall:
    """Importing a package takes seconds and resolving a name may: both happen in a thread, once."""

    def __init__(self, deployment: Deployment, transfer_allowed: bool) -> None:
        self._deployment = deployment
        self._transfer_allowed = transfer_allowed
        self._opening = asyncio.Lock()
        self._client: ModelClient | None = None

    async def complete(self, request: ChatRequest) -> WireReply:
        client = self._client or await self._opened()
        return await client.complete(request)

    def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ToolCallDelta | WireReply, None]:
        return self._client.stream(request) if self._client else self._first_stream(request)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client:
            await client.close()

    async def _first_stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ToolCallDelta | WireReply, None]:
        events = (await self._opened()).stream(request)
        try:
            async for event in events:
                yield event
        finally:
            await events.aclose()

    async def _opened(self) -> ModelClient:
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(self._open)
            return self._client

    def _open(self) -> ModelClient:
        refuse_foreign(address_of(self._deployment), transfer_allowed=self._transfer_allowed)
        module = importlib.import_module(_MODULES[self._deployment.provider])
        inside = deployment_is_inside(self._deployment)
        return cast(ModelClient, module.open_client(self._deployment, inside=inside))
