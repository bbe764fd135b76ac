"""What time alone makes necessary: leases nobody renews, model calls nobody settles, files nobody names, old rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete
from sqlalchemy.engine import Connection

from shared import clock
from shared.database import Database
from shared.errors import StoreUnavailable
from shared.files import leftovers
from shared.files.store import FileStore
from shared.llm import cache, ledger, rates
from shared.settings import Settings
from shared.tasks import fleet, leases
from shared.tasks.schema import idempotency_keys

_log = structlog.get_logger(__name__)
_FORGET_SILENT_S = 3600.0
_TIDY_EVERY_S = 60.0


class Housekeeping:
    """Runs beside the relay, on its loop."""

    def __init__(self, config: Settings, database: Database) -> None:
        self._database = database
        self._lease_check_s = min(2.0, config.worker.worker_lease_s / 4)
        self._keys_live = timedelta(hours=config.api.idempotency_hours)
        self._files = FileStore(config.files.files_dir)

    async def run(self, stop: asyncio.Event) -> None:
        """Expire leases often, tidy up now and then, until `stop`."""
        loop = asyncio.get_running_loop()
        next_tidy = loop.time()
        while not stop.is_set():
            await self._guarded(self._expire_leases)
            if loop.time() >= next_tidy:
                await self._guarded(self._tidy)
                await self._guarded(self._settle_abandoned)
                await self._guarded(self._tidy_gateway)
                await self._guarded(self._tidy_files)
                next_tidy = loop.time() + _TIDY_EVERY_S
            try:
                await asyncio.wait_for(stop.wait(), self._lease_check_s)
            except TimeoutError:
                continue

    async def _guarded(self, work: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(work)
        except StoreUnavailable:
            _log.warning("housekeeping_store_unavailable")

    def _expire_leases(self) -> None:
        with self._database.write() as connection:
            for task_id in leases.expire_overdue(connection):
                _log.warning("lease_expired", task_id=task_id)

    def _tidy(self) -> None:
        with self._database.write() as connection:
            fleet.forget_silent(connection, _FORGET_SILENT_S)
            connection.execute(
                delete(idempotency_keys).where(idempotency_keys.c.created_at < clock.now() - self._keys_live)
            )

    def _settle_abandoned(self) -> None:
        if settled := self._in_pages(ledger.sweep_abandoned):
            _log.warning("model_attempts_abandoned", count=settled)

    def _tidy_gateway(self) -> None:
        self._in_pages(cache.forget_expired)
        self._in_pages(rates.forget_idle)

    def _tidy_files(self) -> None:
        try:
            self._files.forget_drafts()
            if swept := self._in_pages(lambda connection, moment: leftovers.sweep(connection, moment, self._files)):
                _log.info("files_swept", count=swept)
        except OSError as error:
            # A folder that is away comes back; the notes stay until then.
            _log.warning("files_not_swept", reason=error.strerror)

    def _in_pages(self, work: Callable[[Connection, datetime], int]) -> int:
        """Do it a short transaction at a time until nothing is left of it; how much that was."""
        moment = clock.now()
        total = 0
        while True:
            with self._database.write() as connection:
                done = work(connection, moment)
            total += done
            if not done:
                return total
