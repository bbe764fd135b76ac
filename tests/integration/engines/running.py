"""An engine that runs in a thread of the test, and what a test may wait for."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel

from shared.messaging.topology import EVENTS_QUEUE
from workers.delivery import Delivery
from workers.engines.contract import Engine

VHOST = "testes_eco"
WAIT_S = 120


@dataclass
class Running:
    """`states` holds what the engine said of itself and nobody has read yet."""

    engine: Engine
    states: queue.Queue[tuple[str, str]]
    thread: threading.Thread

    def until(self, state: str) -> str:
        """Wait for a state and return its detail; earlier ones are read over."""
        while True:
            seen, detail = self.states.get(timeout=WAIT_S)
            if seen == state:
                return detail

    def stop(self, drain_s: float = 5) -> None:
        if self.thread.is_alive():
            self.engine.stop()
            self.thread.join(WAIT_S)
            assert not self.thread.is_alive()
            self.engine.drain(drain_s)
            self.engine.close()


class Seen:
    """A `process` that notes each delivery; `answer` decides what it says."""

    def __init__(self, answer: Callable[[Delivery], bool] = lambda _: True) -> None:
        self.bodies: queue.Queue[bytes] = queue.Queue()
        self._answer = answer

    def __call__(self, delivery: Delivery) -> bool:
        self.bodies.put(delivery.body)
        return self._answer(delivery)

    def next(self) -> bytes:
        return self.bodies.get(timeout=WAIT_S)


def put(channel: BlockingChannel, *bodies: bytes, **properties: Any) -> None:
    for body in bodies:
        channel.basic_publish("", EVENTS_QUEUE, body, pika.BasicProperties(delivery_mode=2, **properties))


def eventually(probe: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WAIT_S
    while not probe():
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.02)


def waiting(channel: BlockingChannel) -> int:
    """Messages ready on the queue."""
    count: int = channel.queue_declare(EVENTS_QUEUE, passive=True).method.message_count
    return count
