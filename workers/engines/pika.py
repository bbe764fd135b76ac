"""The engine of our own: an I/O thread and as many worker threads as there are slots.

They take deliveries from a queue. `ThreadPoolExecutor` would make a future, that is four locks, for each of them, and
nobody waits for it: a quarter of what the I/O thread has to do for a delivery.
"""

from __future__ import annotations

import queue
import threading

import pika
import structlog

from workers.delivery import Delivery
from workers.engines.amqp_consumer import AmqpConsumer, StateListener
from workers.engines.contract import Process

_log = structlog.get_logger(__name__)


class PikaEngine:
    """Prefetch equals the number of threads unless told otherwise: unacked then means running."""

    name = "pika"

    def __init__(
        self,
        parameters: pika.ConnectionParameters,
        slots: int,
        prefetch: int,
        process: Process,
        on_state: StateListener,
    ) -> None:
        self._process = process
        self._arrived: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work_on_arrivals, name=f"crew_{number}", daemon=True)
            for number in range(slots)
        ]
        self._in_hand = 0
        self._lock = threading.Lock()
        self._consumer = AmqpConsumer(parameters, prefetch, self._take, on_state)

    def run(self) -> None:
        for thread in self._threads:
            thread.start()
        self._consumer.run()

    def stop(self) -> None:
        self._consumer.stop()

    def drain(self, deadline_s: float) -> None:
        self._consumer.drain(lambda: self._in_hand > 0, deadline_s)

    def close(self) -> None:
        self._consumer.close()
        for _ in self._threads:
            self._arrived.put(None)

    def _take(self, delivery: Delivery) -> None:
        with self._lock:
            self._in_hand += 1
        self._arrived.put(delivery)

    def _work_on_arrivals(self) -> None:
        """Until `close`; a delivery that crashes has gone back to the broker, and the next one is taken."""
        while (delivery := self._arrived.get()) is not None:
            self._work(delivery)

    def _work(self, delivery: Delivery) -> None:
        try:
            if self._process(delivery):
                delivery.ack()
            else:
                delivery.requeue()
        except BaseException:  # noqa: BLE001 - also what another thread raised in this one: the thread goes on
            _log.exception("delivery_crashed")
            delivery.requeue()
        finally:
            with self._lock:
                self._in_hand -= 1
