"""Names on the broker and how to reach a vhost."""

from __future__ import annotations

import ssl
from urllib.parse import unquote, urlsplit

import pika

from shared.settings import BrokerSettings

EVENTS_QUEUE = "eventos"
REJECTED_QUEUE = "eventos.rejeitados"
RESULTS_QUEUE = "eventos.resultados"  # only in vhosts of domains with DOMAIN__<KEY>__RESULTS
QUORUM = {"x-queue-type": "quorum"}


def connection_parameters(broker: BrokerSettings, vhost: str, name: str) -> pika.ConnectionParameters:
    """Parameters for one connection to `vhost`; `name` is what operators see in the management page."""
    url = urlsplit(broker.rabbitmq_url.get_secret_value())
    tls = None
    if url.scheme == "amqps":
        cafile = str(broker.rabbitmq_ca_file) if broker.rabbitmq_ca_file else None
        tls = pika.SSLOptions(ssl.create_default_context(cafile=cafile), url.hostname)
    return pika.ConnectionParameters(
        host=url.hostname or "127.0.0.1",
        port=url.port or (5671 if tls else 5672),
        virtual_host=vhost,
        credentials=pika.PlainCredentials(_unquoted(url.username) or "guest", _unquoted(url.password) or "guest"),
        ssl_options=tls,
        heartbeat=broker.rabbitmq_heartbeat_s,
        blocked_connection_timeout=None,
        socket_timeout=5,
        stack_timeout=10,
        connection_attempts=1,
        client_properties={"connection_name": name},
    )


def _unquoted(part: str | None) -> str | None:
    return unquote(part) if part else None
