"""The store's side of one process's gateway: accounts, breakers and cache behind one group commit."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from shared.database import Database
from shared.group_commit import GroupCommit
from shared.llm.accounts import StoreAccounts
from shared.llm.breakers import StoreBreakers, change
from shared.llm.cache import NoCache, StoreReplyCache, keep
from shared.llm.catalogue import Catalogue
from shared.llm.ledger import book
from shared.llm.ports import ReplyCache
from shared.settings import Settings


class GatewayStore:
    """Make it after the fork, use it on one event loop, close it when the last call has ended."""

    def __init__(self, config: Settings, database: Database, catalogue: Catalogue) -> None:
        # The order in which rows are locked: every process has the same.
        self._commits = GroupCommit(database, [book, change, keep])
        zone = ZoneInfo(config.platform.hospital_timezone)
        self.accounts = StoreAccounts(self._commits, catalogue, zone)
        self.breakers = StoreBreakers(self._commits, database, catalogue.breaker)
        self.cache: ReplyCache = NoCache()
        if catalogue.cache_s:
            secret = config.privacy.blind_index_key.get_secret_value()
            self.cache = StoreReplyCache(self._commits, database, catalogue, secret)

    def close(self) -> None:
        """Write what was queued; waits for it."""
        self._commits.close()
