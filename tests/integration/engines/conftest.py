"""Both engines on a real queue, run in a thread of the test, with a `process` that the test writes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pydantic import SecretStr

from dev.rabbitmq_node import RabbitNode
from shared.messaging.topology import EVENTS_QUEUE, QUORUM, connection_parameters
from shared.settings import BrokerSettings
from tests.integration.engines.running import VHOST, Running
from workers.delivery import Delivery
from workers.engines.dramatiq import DramatiqEngine
from workers.engines.pika import PikaEngine

Start = Callable[..., Running]


@pytest.fixture
def channel(rabbit: RabbitNode) -> Iterator[BlockingChannel]:
    """An administrator's channel to the test domain's vhost; `eventos` is there, empty, as we declare it."""
    connection = pika.BlockingConnection(pika.URLParameters(rabbit.url("admin", VHOST)))
    opened = connection.channel()
    opened.queue_delete(EVENTS_QUEUE)
    opened.queue_declare(EVENTS_QUEUE, durable=True, arguments=QUORUM)
    yield opened
    if not opened.is_open:
        opened = connection.channel()
    opened.queue_delete(EVENTS_QUEUE)
    opened.queue_declare(EVENTS_QUEUE, durable=True, arguments=QUORUM)
    connection.close()


@pytest.fixture(params=["pika", "dramatiq"])
def engine_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def start(rabbit: RabbitNode, channel: BlockingChannel, engine_name: str) -> Iterator[Start]:
    """Start an engine over `process`; it is stopped after the test."""
    made: list[Running] = []

    def begin(
        process: Callable[[Delivery], bool],
        *,
        slots: int = 2,
        prefetch: int | None = None,
        role: str = "worker",
        heartbeat_s: int = 15,
        until: str = "ready",
    ) -> Running:
        broker = BrokerSettings(rabbitmq_url=SecretStr(rabbit.url(role)), rabbitmq_heartbeat_s=heartbeat_s)
        states: queue.Queue[tuple[str, str]] = queue.Queue()
        common: tuple[Any, ...] = (
            connection_parameters(broker, VHOST, f"test {engine_name}"),
            slots,
            prefetch or slots,
            process,
            lambda state, detail: states.put((state, detail)),
        )
        engine = PikaEngine(*common) if engine_name == "pika" else DramatiqEngine(*common, time_limit_s=60)
        running = Running(engine, states, threading.Thread(target=engine.run, daemon=True))
        made.append(running)
        running.thread.start()
        running.until(until)
        return running

    yield begin
    for running in made:
        running.stop()
