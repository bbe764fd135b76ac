"""Whatever row is due and unpublished gets published: first publish, retry, replay, expired lease, lost broker.

Also copies rejected messages to `eventos.rejeitados`. Any number of relays may run: rows are held back by a short
lease in the row itself, never by a lock held while a confirm is awaited.
"""

from __future__ import annotations

import asyncio

import structlog

from shared.database import Database
from shared.domain import Domain
from shared.errors import BrokerError, StoreUnavailable
from shared.messaging import messages
from shared.messaging.publisher import Publisher
from shared.messaging.topology import EVENTS_QUEUE, REJECTED_QUEUE, connection_parameters
from shared.settings import Settings
from shared.tasks import publishing, rejected
from shared.tasks.publishing import Due, Published
from workers.metrics import PUBLISHED

_log = structlog.get_logger(__name__)
_BATCH = 500


class Relay:
    """Belongs to one asyncio loop."""

    def __init__(self, config: Settings, database: Database, domains: dict[str, Domain]) -> None:
        self._database = database
        self._interval_s = config.worker.relay_interval_s
        self._rebuild_after_s = config.worker.rebuild_after_s
        self._hold_s = config.broker.publish_confirm_timeout_s * 2
        self.publishers = {
            key: Publisher(
                connection_parameters(config.broker, domain.vhost, f"plantao-relay {key}"),
                max_in_flight=config.broker.publish_max_in_flight,
                confirm_timeout_s=config.broker.publish_confirm_timeout_s,
            )
            for key, domain in domains.items()
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until `stop`; at once again while there is a full batch of work."""
        while not stop.is_set():
            try:
                full = await self._publish_due() + await self._copy_rejected() >= _BATCH
            except StoreUnavailable:
                _log.warning("relay_store_unavailable")
                full = False
            if not full:
                await pause(stop, self._interval_s)

    async def close(self) -> None:
        await asyncio.gather(*(publisher.close() for publisher in self.publishers.values()))

    def _reachable(self) -> list[str]:
        return [key for key, publisher in self.publishers.items() if publisher.ready.is_set()]

    async def _publish_due(self) -> int:
        reachable = self._reachable()
        if not reachable:
            return 0
        due = await asyncio.to_thread(self._take, reachable)
        outcomes = await asyncio.gather(*(self._publish(row) for row in due))
        confirmed = [row for row, error in zip(due, outcomes, strict=True) if error is None]
        if confirmed:
            await asyncio.to_thread(self._mark, confirmed)
        for row, error in zip(due, outcomes, strict=True):
            PUBLISHED.labels(row.domain, type(error).__name__ if error else "confirmed").inc()
            if error is not None:
                _log.warning("relay_publish_failed", task_id=row.task_id, domain=row.domain, reason=error.detail)
        return len(due)

    def _take(self, domains: list[str]) -> list[Due]:
        with self._database.write() as connection:
            return publishing.take_due(connection, domains, _BATCH, self._hold_s)

    def _mark(self, confirmed: list[Due]) -> None:
        items = [Published(row.task_id, row.fence, self._rebuild_after_s) for row in confirmed]
        with self._database.write() as connection:
            publishing.mark_published(connection, items)

    async def _publish(self, row: Due) -> BrokerError | None:
        body = messages.encode(row.task_id, row.event, row.attempt)
        return await published(
            self.publishers[row.domain],
            EVENTS_QUEUE,
            body,
            messages.properties(row.task_id, row.domain, row.event, row.traceparent),
        )

    async def _copy_rejected(self) -> int:
        # Of reachable domains only: what waits for another vhost must not fill the page for all.
        rows = await asyncio.to_thread(self._not_copied, self._reachable())
        copied = []
        for row in rows:
            properties = messages.rejected_properties(row.id, row.reason)
            if await published(self.publishers[row.domain], REJECTED_QUEUE, row.body, properties) is None:
                copied.append(row.id)
        if copied:
            await asyncio.to_thread(self._mark_copied, copied)
        return len(copied)

    def _not_copied(self, domains: list[str]) -> list[rejected.Rejection]:
        with self._database.read() as connection:
            return rejected.not_copied(connection, domains)

    def _mark_copied(self, ids: list[str]) -> None:
        with self._database.write() as connection:
            rejected.mark_copied(connection, ids)


async def published(
    publisher: Publisher, queue: str, body: bytes, properties: messages.Properties
) -> BrokerError | None:
    """Publish and await the broker's word; None once it has the message on disk."""
    outcome: asyncio.Future[BrokerError | None] = asyncio.get_running_loop().create_future()
    publisher.publish(queue, body, properties, outcome.set_result)
    return await outcome


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, at most until `stop`."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
