"""The engine on Dramatiq: its worker, middleware and metrics over our own consumer of the same queue.

Dramatiq's own RabbitMQ broker cannot open an existing quorum queue, declares queues of its own, and drops plain
JSON. Here messages come from `AmqpConsumer`, publishing stays with the outbox, and a delivery is acknowledged
only on an explicit verdict: whatever a middleware raises, an undecided message goes back.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from typing import Any, NoReturn

import dramatiq
import pika
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.middleware import CurrentMessage, Middleware, ShutdownNotifications, TimeLimit
from dramatiq.middleware.prometheus import Prometheus

from shared.messaging.topology import EVENTS_QUEUE
from workers.delivery import Delivery
from workers.engines.amqp_consumer import AmqpConsumer, StateListener
from workers.engines.contract import Process

_ACTOR = "process_event"
_IDLE_MS = 200


class _InHand(MessageProxy):
    """A Dramatiq message that stands for one delivery; nothing of it is ever serialised."""

    def __init__(self, delivery: Delivery) -> None:
        super().__init__(
            dramatiq.Message(queue_name=EVENTS_QUEUE, actor_name=_ACTOR, args=(delivery,), kwargs={}, options={})
        )
        self.delivery = delivery


class _EventConsumer(Consumer):
    def __init__(self, arrived: queue.SimpleQueue[Delivery], timeout_ms: int) -> None:
        self._arrived = arrived
        self._timeout_s = timeout_ms / 1000

    def __next__(self) -> MessageProxy | None:
        try:
            return _InHand(self._arrived.get(timeout=self._timeout_s))
        except queue.Empty:
            return None

    def ack(self, message: MessageProxy) -> None:
        """Dramatiq acknowledges whatever did not fail; only a verdict of `execution` really does."""
        delivery: Delivery = message.delivery
        if delivery.verdict:
            delivery.ack()
        else:
            delivery.requeue()

    def nack(self, message: MessageProxy) -> None:
        message.delivery.requeue()

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        for message in messages:
            message.delivery.requeue()


class EventBroker(dramatiq.Broker):
    """A broker that only consumes, from one queue that it never declares."""

    def __init__(self, arrived: queue.SimpleQueue[Delivery], middleware: list[Middleware]) -> None:
        super().__init__(middleware=middleware)
        self._arrived = arrived
        self.queues = {EVENTS_QUEUE: True}

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30_000) -> Consumer:
        return _EventConsumer(self._arrived, timeout)

    def declare_actor(self, actor: dramatiq.Actor[Any, Any]) -> None:
        self.emit_before("declare_actor", actor)
        self.actors[actor.actor_name] = actor
        self.emit_after("declare_actor", actor)

    def declare_queue(self, queue_name: str) -> None:
        """The queue is the hospital's."""

    def get_declared_queues(self) -> set[str]:
        return set(self.queues)

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> NoReturn:
        raise NotImplementedError("publishing goes through the store: see workers/relay.py")


class DramatiqEngine:
    """One `dramatiq.Worker` in this process, fed by our consumer."""

    name = "dramatiq"

    def __init__(
        self,
        parameters: pika.ConnectionParameters,
        slots: int,
        prefetch: int,
        process: Process,
        on_state: StateListener,
        *,
        time_limit_s: float,
    ) -> None:
        self._process = process
        self._arrived: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._in_hand = 0
        self._lock = threading.Lock()
        self._consumer = AmqpConsumer(parameters, prefetch, self._take, on_state)
        # The attempt's own deadline comes first; this one is for a handler that ignores it.
        self._broker = EventBroker(
            self._arrived,
            [TimeLimit(time_limit=int(time_limit_s * 1000)), ShutdownNotifications(), CurrentMessage(), Prometheus()],
        )
        dramatiq.actor(self._perform, actor_name=_ACTOR, queue_name=EVENTS_QUEUE, broker=self._broker)
        self._worker = dramatiq.Worker(self._broker, worker_threads=slots, worker_timeout=_IDLE_MS)

    def run(self) -> None:
        # Normally the command line emits it; without it TimeLimit never starts.
        self._broker.emit_after("process_boot")
        self._worker.start()
        self._consumer.run()

    def stop(self) -> None:
        self._consumer.stop()

    def drain(self, deadline_s: float) -> None:
        self._consumer.drain(lambda: self._in_hand > 0, deadline_s)

    def close(self) -> None:
        self._worker.stop(timeout=2_000)
        self._consumer.close()

    def _take(self, delivery: Delivery) -> None:
        with self._lock:
            self._in_hand += 1
        self._arrived.put(delivery)

    def _perform(self, delivery: Delivery) -> None:
        try:
            delivery.verdict = self._process(delivery)
        finally:
            with self._lock:
                self._in_hand -= 1
