"""The engine of our own: an I/O thread and a bounded pool of worker threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

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
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix="crew")
        self._in_hand = 0
        self._lock = threading.Lock()
        self._consumer = AmqpConsumer(parameters, prefetch, self._take, on_state)

    def run(self) -> None:
        self._consumer.run()

    def stop(self) -> None:
        self._consumer.stop()

    def drain(self, deadline_s: float) -> None:
        self._consumer.drain(lambda: self._in_hand > 0, deadline_s)

    def close(self) -> None:
        self._consumer.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _take(self, delivery: Delivery) -> None:
        with self._lock:
            self._in_hand += 1
        self._pool.submit(self._work, delivery)

    def _work(self, delivery: Delivery) -> None:
        try:
            if self._process(delivery):
                delivery.ack()
            else:
                delivery.requeue()
        except BaseException:
            _log.exception("delivery_crashed")
            delivery.requeue()
            raise
        finally:
            with self._lock:
                self._in_hand -= 1
