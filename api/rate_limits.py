"""Requests per minute: `limited(surface)` is a dependency of the routes that ask models.

    @router.post("/api/chat/messages", dependencies=[Depends(limited(Surface.CHAT))])

A route that tells its callers what is left takes the dependency as a parameter instead and adds
`rate_headers.allowed_headers(allowance)` to its answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from api.dependencies import AppParts, CurrentCaller
from shared.llm.contract import Surface
from shared.llm.rates import Allowance


def limited(surface: Surface) -> Callable[..., Awaitable[Allowance | None]]:
    """The dependency that counts a request of the caller on `surface`."""

    async def count(parts: AppParts, caller: CurrentCaller) -> Allowance | None:
        return await parts.rates.take(caller.tenant, caller.client, surface)

    return count
