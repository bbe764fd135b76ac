"""Requests per minute, counted in the store, so that all API processes count together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from shared import clock
from shared.database import Database
from shared.errors import RateLimited
from shared.group_commit import GroupCommit
from shared.llm.contract import Surface
from shared.llm.rates import WINDOW_S, Allowance, Ask, take
from shared.settings import ApiSettings


class RateLimits:
    """The limits of the surfaces on which people and programs ask models. Make it after the fork."""

    def __init__(self, database: Database, settings: ApiSettings) -> None:
        self._commits = GroupCommit(database, [take], max_waiting=settings.api_max_waiting)
        self._limits: Mapping[Surface, int] = {
            Surface.CHAT: settings.chat_rpm,
            Surface.OPENAI: settings.openai_rpm,
            Surface.WEBHOOK: settings.webhook_rpm,
        }

    async def take(self, tenant: str, client: str, surface: Surface) -> Allowance | None:
        """Count one request; None where there is no limit. Raises RateLimited, StoreUnavailable or Overloaded."""
        limit = self._limits[surface]
        if not limit:
            return None
        ask = Ask(tenant, client, surface.value, limit, clock.now())
        told: Allowance = await asyncio.wrap_future(self._commits.submit(take, ask))
        if not told.allowed:
            raise RateLimited(told.surface, told.limit, WINDOW_S, told.retry_after_s, told.reset_s)
        return told

    def close(self) -> None:
        """Write what was queued; waits for it."""
        self._commits.close()
