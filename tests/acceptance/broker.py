"""The broker as another hospital system or an operator sees it: publish, look, purge, as the admin user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pika
from pika.adapters.blocking_connection import BlockingChannel

from dev.rabbitmq_node import RabbitNode
from shared.messaging.topology import EVENTS_QUEUE, REJECTED_QUEUE

Message = tuple[pika.BasicProperties, bytes]


class Vhost:
    """One vhost of a test broker. Every call opens and closes its own connection."""

    def __init__(self, rabbit: RabbitNode, name: str) -> None:
        self.rabbit = rabbit
        self.name = name

    def publish(self, *bodies: bytes, **properties: object) -> None:
        """Put bodies straight onto `eventos`, confirmed, as a foreign system would."""
        with self._channel() as channel:
            channel.confirm_delivery()
            for body in bodies:
                channel.basic_publish("", EVENTS_QUEUE, body, pika.BasicProperties(**properties), mandatory=True)

    def look(self, queue: str = EVENTS_QUEUE) -> list[Message]:
        """Every ready message; they stay in the queue."""
        with self._channel() as channel:
            return list(_ready(channel, queue))

    def take(self, queue: str = EVENTS_QUEUE) -> list[Message]:
        """Every ready message; they are gone afterwards."""
        with self._channel() as channel:
            taken = list(_ready(channel, queue))
            channel.basic_ack(0, multiple=True)
            return taken

    def empty(self) -> None:
        """Nothing of an earlier platform must reach the next one."""
        with self._channel() as channel:
            for queue in (EVENTS_QUEUE, REJECTED_QUEUE):
                channel.queue_purge(queue)

    def purge(self) -> None:
        """An operator's mistake."""
        self.rabbit.ctl("purge_queue", "--vhost", self.name, EVENTS_QUEUE)

    def cut_connections(self) -> None:
        """Close every connection of the vhost, of API, relay and consumers alike."""
        self.rabbit.ctl("close_all_connections", "--vhost", self.name, "acceptance test")

    @contextmanager
    def _channel(self) -> Iterator[BlockingChannel]:
        connection = pika.BlockingConnection(pika.URLParameters(self.rabbit.url("admin", self.name)))
        try:
            yield connection.channel()
        finally:
            connection.close()


def _ready(channel: BlockingChannel, queue: str) -> Iterator[Message]:
    while True:
        method, properties, body = channel.basic_get(queue)
        if method is None:
            return
        yield properties, body
