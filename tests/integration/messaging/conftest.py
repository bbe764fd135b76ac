"""Queues of the test domain's vhost, empty before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from dev.rabbitmq_node import RabbitNode
from shared.messaging.topology import EVENTS_QUEUE, REJECTED_QUEUE

VHOST = "testes_eco"


@pytest.fixture
def channel(rabbit: RabbitNode) -> Iterator[BlockingChannel]:
    """An administrator's channel to the test domain's vhost."""
    connection = pika.BlockingConnection(pika.URLParameters(rabbit.url("admin", VHOST)))
    opened = connection.channel()
    for queue in (EVENTS_QUEUE, REJECTED_QUEUE):
        opened.queue_purge(queue)
    yield opened
    connection.close()
