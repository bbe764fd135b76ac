"""What the demo told the world is taken off a private broker, and off nobody else's."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pika
import pytest

from dev.broker import Broker
from dev.demo_events import take_events
from dev.rabbitmq_node import RabbitNode
from handlers.exames.domain import DOMAIN as EXAMES
from shared import clock
from shared.messaging import messages
from shared.messaging.topology import QUORUM, RESULTS_QUEUE

DOMAIN = replace(EXAMES, vhost="demo_events")


@pytest.fixture
def private(rabbit: RabbitNode) -> Broker:
    """Three events lie in a vhost that no other test knows."""
    url = rabbit.url("admin")
    rabbit.ctl("add_vhost", DOMAIN.vhost)
    rabbit.ctl("set_permissions", "-p", DOMAIN.vhost, pika.URLParameters(url).credentials.username, ".*", ".*", ".*")
    with pika.BlockingConnection(pika.URLParameters(rabbit.url("admin", DOMAIN.vhost))) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(RESULTS_QUEUE, durable=True, arguments=QUORUM)
        for kind in ("alert", "completed", "completed"):
            properties = messages.event_properties(
                "id", f"plantao.exames.hemograma.{kind}", DOMAIN.key, "t", clock.now()
            )
            channel.basic_publish("", RESULTS_QUEUE, b"{}", properties)
    return Broker("RabbitMQ", url, url, "", "plantao", wait_ready=lambda: None, stop=lambda: None)


def test_events_on_somebody_elses_broker_are_left_to_its_consumers(private: Broker) -> None:
    assert take_events(replace(private, login=None), [DOMAIN]) == Counter()
    assert take_events(private, [DOMAIN]) == Counter(completed=2, alert=1)
    assert take_events(private, [DOMAIN]) == Counter()
