"""What must leave the house leaves: alerts to the next contact, callbacks, events on `eventos.resultados`.

Runs beside the relay, on its loop; any number of these may run. Alerts have slots of their own, so that no crowd of
ordinary notifications keeps one waiting. Answers of models have theirs too. A receiver that hangs gets its share of a
lane's slots and no more.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import structlog

from shared import clock
from shared.database import Database
from shared.errors import StoreUnavailable
from shared.group_commit import GroupCommit
from shared.messaging import messages
from shared.messaging.publisher import Publisher
from shared.notifications import outbox
from shared.notifications.contacts import Contacts
from shared.notifications.egress import Egress
from shared.notifications.outbox import Attempt, Channel, Destination, Due, Kind, Lane, State
from shared.notifications.sender import Answer, Delivery, Sender
from shared.notifications.slots import Slots
from shared.settings import Settings
from shared.tasks import alerts, answers, delivering
from shared.tasks.alerts import Escalation
from shared.tasks.answers import TaskAnswer
from shared.tasks.delivering import Report
from workers.metrics import CALLED, DELIVERED
from workers.relay import pause, published

_log = structlog.get_logger(__name__)

_ALERT_CALLBACKS = Lane(Channel.CALLBACK, (Kind.ALERT,))
_ANSWERS = Lane(Channel.CALLBACK, (Kind.ANSWER,))
_CALLBACKS = Lane(Channel.CALLBACK, (Kind.COMPLETED, Kind.FAILED))
_BROKER = Lane(Channel.BROKER, tuple(Kind))
# Half of them for a receiver, or a queue, that is alone.
_SLOTS = {_ALERT_CALLBACKS: 128, _ANSWERS: 128, _CALLBACKS: 128, _BROKER: 512}
_CALLS_PER_SWEEP = 200
_HOLD_BEYOND_TIMEOUT_S = 2.0
_DISABLED = Answer(error="endpoint_disabled", final=True)
_PORTS = {"amqp": 5672, "amqps": 5671, "http": 80, "https": 443}
_BROKER_PAUSES_S = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0)


class Deliveries:
    """Belongs to one asyncio loop. Any number may run: a row is held by a short lease in itself."""

    def __init__(
        self, config: Settings, database: Database, contacts: Contacts, publishers: Mapping[str, Publisher]
    ) -> None:
        settings = config.notifications
        self._database = database
        self._publishers = publishers
        self._interval_s = config.worker.relay_interval_s
        self._timeout_s = max(settings.delivery_timeout_s, config.broker.publish_confirm_timeout_s)
        self._pauses = tuple(settings.delivery_retry_s)
        self._plan = Escalation(contacts.chain, settings.alert_escalate_after_s, settings.alert_rounds)
        self._sender = Sender(
            contacts.endpoints, Egress(contacts.egress, own_services(config)), settings.delivery_timeout_s
        )
        self._answer_max_bytes = settings.answer_max_bytes
        self._commits = GroupCommit(database, [delivering.record])
        self._endpoints = tuple(contacts.endpoints)
        self._disabled: set[Destination] = set()
        self._running: dict[asyncio.Task[None], tuple[Lane, str]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until `stop`, at once again while there is work; then let what is on its way arrive."""
        while not stop.is_set():
            if not await self._sweep():
                await pause(stop, self._interval_s)
        if self._running:
            await asyncio.wait(self._running, timeout=self._timeout_s)

    async def close(self) -> None:
        """What is still on its way is left to its lease."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._sender.close()
        await asyncio.to_thread(self._commits.close)

    async def _sweep(self) -> bool:
        try:
            taken = await asyncio.to_thread(self._take, self._free())
        except StoreUnavailable:
            _log.warning("deliveries_store_unavailable")
            return False
        for lane, rows in taken.items():
            for due in rows:
                task = asyncio.create_task(self._deliver(due))
                self._running[task] = lane, due.target
                task.add_done_callback(self._forget)
        return any(taken.values())

    def _free(self) -> dict[Lane, Slots]:
        held = {lane: Counter(target for used, target in self._running.values() if used is lane) for lane in _SLOTS}
        return {lane: Slots(slots - held[lane].total(), held[lane]) for lane, slots in _SLOTS.items()}

    def _take(self, free: Mapping[Lane, Slots]) -> dict[Lane, list[Due]]:
        """Calls that are due become notifications, and due notifications are taken, in one short transaction."""
        domains = list(self._publishers)
        reachable = [key for key, publisher in self._publishers.items() if publisher.ready.is_set()]
        hold_s = self._timeout_s + _HOLD_BEYOND_TIMEOUT_S
        with self._database.write() as connection:
            CALLED.inc(alerts.call_due(connection, self._plan, domains, _CALLS_PER_SWEEP))
            self._disabled = outbox.disabled(connection, filter(None, map(self._sender.destination, self._endpoints)))
            return {
                lane: outbox.take_due(
                    connection, lane, reachable if lane.channel is Channel.BROKER else domains, slots, hold_s
                )
                for lane, slots in free.items()
            }

    def _forget(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("delivery_failed_unexpectedly", exc_info=error)

    async def _deliver(self, due: Due) -> None:
        at = clock.now()
        answer = await (self._publish(due) if due.channel is Channel.BROKER else self._post(due))
        DELIVERED.labels(due.channel.value, due.kind.value, answer.error or "delivered").inc()
        attempt = Attempt(due, at, answer.duration_ms, answer.status, answer.error, answer.final)
        pauses = _BROKER_PAUSES_S if due.channel is Channel.BROKER else self._pauses
        report = Report(attempt, pauses, answer.gone)
        try:
            state = await asyncio.wrap_future(self._commits.submit(delivering.record, report))
        except StoreUnavailable:
            # Its lease ends and it is sent again under the same id: the receiver drops the second one.
            _log.warning("delivery_unrecorded", task_id=due.task_id)
            return
        if answer.error:
            _tell(due, answer, state)

    async def _post(self, due: Due) -> Answer:
        if due.kind is Kind.ANSWER:
            return await self._post_answer(due)
        if self._sender.destination(due.target) in self._disabled:
            return _DISABLED
        body = messages.dumps({"type": _type(due), "timestamp": due.created_at, "data": due.data})
        return await self._sender.send(Delivery(due.id, due.target, body))

    async def _post_answer(self, due: Due) -> Answer:
        try:
            answer, disabled = await asyncio.to_thread(self._read_answer, due)
        except StoreUnavailable:
            return Answer(error="store_unavailable")
        if disabled:
            return _DISABLED
        body = answers.body(answer, self._answer_max_bytes)
        return await self._sender.send(
            Delivery(due.id, due.target, body, url=answer.callback_url, max_bytes=self._answer_max_bytes)
        )

    def _read_answer(self, due: Due) -> tuple[TaskAnswer, bool]:
        """The answer, and whether its address wants nothing more."""
        with self._database.read() as connection:
            answer = answers.read(connection, due.task_id, due.data)
            destination = self._sender.destination(due.target, answer.callback_url)
            return answer, bool(destination and outbox.disabled(connection, [destination]))

    async def _publish(self, due: Due) -> Answer:
        began = time.monotonic()
        properties = messages.event_properties(due.id, _type(due), due.domain, due.task_id, due.created_at)
        error = await published(self._publishers[due.domain], due.target, messages.dumps(due.data), properties)
        duration_ms = round((time.monotonic() - began) * 1000)
        return Answer(error=type(error).__name__ if error else None, duration_ms=duration_ms)


def own_services(config: Settings) -> Sequence[tuple[str, int]]:
    """Host and port of our broker and our database: no callback goes there, whatever is registered."""
    urls = [config.broker.rabbitmq_url, config.broker.rabbitmq_management_url, config.platform.database_url]
    parts = [urlsplit(url.get_secret_value()) for url in urls if url is not None]
    return [(part.hostname, part.port or _PORTS.get(part.scheme, 5432)) for part in parts if part.hostname]


def _type(due: Due) -> str:
    return f"plantao.{due.domain}.{due.data['event']}.{due.kind.value}"


def _tell(due: Due, answer: Answer, state: State | None) -> None:
    log = _log.error if state is State.UNDELIVERABLE else _log.warning
    log(
        "delivery_failed",
        task_id=due.task_id,
        domain=due.domain,
        kind=due.kind.value,
        reason=answer.error,
        attempt=due.attempts + 1,
        state=state.value if state else None,
    )
