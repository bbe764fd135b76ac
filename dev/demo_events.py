"""What the demo told the world: the CloudEvents on `eventos.resultados`, taken off so that each run begins afresh."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from urllib.parse import quote

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from dev.broker import Broker
from shared.domain import Domain
from shared.messaging.topology import RESULTS_QUEUE


def publish_results(keys: Iterable[str]) -> None:
    """Every domain publishes what ends and what alerts, unless the environment says otherwise."""
    for key in keys:
        os.environ.setdefault(f"DOMAIN__{key.upper()}__RESULTS", "true")


def take_events(broker: Broker, domains: Iterable[Domain]) -> Counter[str]:
    """How many of each kind (`alert`, `completed`, `failed`) were there.

    None are taken off a broker of somebody else's: they are for that hospital's own systems.
    """
    if not broker.is_ours:
        return Counter()
    return sum((_taken(f"{broker.worker_url}/{quote(domain.vhost, safe='')}") for domain in domains), Counter())


def _taken(url: str) -> Counter[str]:
    """Nothing where no event has made the queue yet."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        try:
            return Counter(_kinds(connection.channel()))
        except ChannelClosedByBroker:
            return Counter()


def _kinds(channel: BlockingChannel) -> Iterable[str]:
    while True:
        _, properties, body = channel.basic_get(RESULTS_QUEUE, auto_ack=True)
        if body is None:
            return
        yield properties.headers["ce-type"].rpartition(".")[2]
