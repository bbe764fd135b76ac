"""Accepting work: the row first, the message after, in that order and never the other way round."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from uuid_utils import uuid7

from api.metrics import PUBLISH_FAILED
from shared import clock
from shared.conversations import turns
from shared.database import Database
from shared.domain import Domain
from shared.errors import BrokerError, Conflict, IdempotencyMismatch
from shared.group_commit import GroupCommit, Operation
from shared.messaging import messages
from shared.messaging.publisher import Publisher
from shared.messaging.topology import EVENTS_QUEUE, connection_parameters
from shared.settings import Settings
from shared.tasks import acceptance, publishing
from shared.tasks.acceptance import Accepted, NewTask, TaskSource
from shared.tasks.publishing import Due, Published
from shared.tasks.traits import NO_TRAITS, TaskTraits

_log = structlog.get_logger(__name__)
_MARK_AFTER_S = 0.02


@dataclass(slots=True)
class _Waiting:
    task: NewTask
    future: asyncio.Future[Accepted]


class Submission:
    """Durable acceptance for one API process. Make it on the loop that serves requests."""

    def __init__(self, settings: Settings, database: Database, domains: dict[str, Domain]) -> None:
        self._loop = asyncio.get_running_loop()
        self._rebuild_after_s = settings.worker.rebuild_after_s
        self._grace = timedelta(seconds=settings.worker.relay_grace_s)
        self._confirmed: list[Published] = []
        self._keys_in_flight: set[tuple[str, str, str]] = set()
        self._commits = GroupCommit(
            database,
            [acceptance.accept, turns.accept],
            max_waiting=settings.api.api_max_waiting,
            answer=lambda triples: _on_loop(self._loop, self._answer, triples),
        )
        # On a connection of their own: nobody waits for a mark, and no accept should wait behind one, nor behind its
        # disk. One that a crash of the database forgets costs a second message, which its claim refuses.
        self._marks = GroupCommit(database, [publishing.mark_published], durable=False)
        self.publishers = {
            key: Publisher(
                connection_parameters(settings.broker, domain.vhost, f"plantao-api {key}"),
                max_in_flight=settings.broker.publish_max_in_flight,
                confirm_timeout_s=settings.broker.publish_confirm_timeout_s,
            )
            for key, domain in domains.items()
        }

    def new_task(
        self,
        domain: str,
        event: str,
        payload: str,
        *,
        tenant: str,
        client: str,
        idempotency_key: str | None = None,
        key_scope: str = "",
        body_hash: str = "",
        traceparent: str | None = None,
        traits: TaskTraits = NO_TRAITS,
        source: TaskSource | None = None,
    ) -> NewTask:
        """A task with an id of its own, not yet durable."""
        moment = clock.now()
        return NewTask(
            id=str(uuid7()),
            tenant=tenant,
            client=client,
            domain=domain,
            event=event,
            payload=payload,
            created_at=moment,
            publish_at=moment + self._grace,
            idempotency_key=idempotency_key,
            key_scope=key_scope,
            body_hash=body_hash,
            traceparent=traceparent,
            traits=traits,
            source=source,
        )

    async def accept(self, task: NewTask, operation: Operation = acceptance.accept, item: Any = None) -> Accepted:
        """Durable when it returns, broker up or down. `operation` may accept the task as part of a larger `item`.

        Raises Conflict while the same Idempotency-Key is still being written, IdempotencyMismatch when it was used
        with another body, StoreUnavailable or Overloaded when nothing was accepted.
        """
        waiting = _Waiting(task, self._loop.create_future())
        if task.idempotency_key is None:
            return await self._commit(operation, item or task, waiting)
        key = acceptance.key_of(task)
        if key in self._keys_in_flight:
            raise Conflict("um pedido com esta Idempotency-Key ainda está sendo gravado; repita em instantes")
        self._keys_in_flight.add(key)
        try:
            return await self._commit(operation, item or task, waiting)
        finally:
            self._keys_in_flight.discard(key)

    async def _commit(self, operation: Operation, item: Any, waiting: _Waiting) -> Accepted:
        self._commits.enqueue(operation, item, waiting)
        return await waiting.future

    def publish(self, due: Due) -> None:
        """Send the hint. A failure needs no handling here: the row is due and the relay will see it."""
        self.publishers[due.domain].publish(
            EVENTS_QUEUE,
            messages.encode(due.task_id, due.event, due.attempt),
            messages.properties(due.task_id, due.domain, due.event, due.traceparent),
            lambda error: self._on_outcome(due, error),
        )

    async def close(self) -> None:
        """Confirmations that arrive while closing are still written."""
        await asyncio.gather(*(publisher.close() for publisher in self.publishers.values()))
        self._mark_confirmed()
        await asyncio.to_thread(self._commits.close)
        await asyncio.to_thread(self._marks.close)

    def _answer(self, triples: list[tuple[_Waiting, Any, BaseException | None]]) -> None:
        for waiting, result, error in triples:
            failure = error or (result if isinstance(result, IdempotencyMismatch) else None)
            if failure is None and result.created:
                task = waiting.task
                self.publish(Due(task.id, task.domain, task.event, 1, task.traceparent, fence=0))
            # The caller may have hung up meanwhile; the work is accepted all the same.
            if not waiting.future.done():
                waiting.future.set_exception(failure) if failure else waiting.future.set_result(result)

    def _on_outcome(self, due: Due, error: BrokerError | None) -> None:
        if error is not None:
            PUBLISH_FAILED.labels(due.domain, type(error).__name__).inc()
            _log.warning("publish_left_to_relay", task_id=due.task_id, domain=due.domain, reason=error.detail)
            return
        if not self._confirmed:
            self._loop.call_later(_MARK_AFTER_S, self._mark_confirmed)
        self._confirmed.append(Published(due.task_id, due.fence, self._rebuild_after_s))

    def _mark_confirmed(self) -> None:
        """One statement for all confirms of the last moment: nobody waits for the mark, only the relay reads it."""
        confirmed, self._confirmed = self._confirmed, []
        for published in confirmed:
            self._marks.enqueue(publishing.mark_published, published, None)


def _on_loop(loop: asyncio.AbstractEventLoop, answer: Any, triples: list[Any]) -> None:
    loop.call_soon_threadsafe(answer, triples)
