"""From a URL to the parameters of a connection."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from shared.messaging.topology import connection_parameters
from shared.settings import BrokerSettings


@pytest.mark.parametrize(
    ("url", "host", "port", "user", "password"),
    [
        ("amqp://ana:p%40ss%2F@broker:5673", "broker", 5673, "ana", "p@ss/"),
        ("amqp://broker", "broker", 5672, "guest", "guest"),
        ("amqps://ana:x@broker", "broker", 5671, "ana", "x"),
    ],
)
def test_the_url_is_understood(url: str, host: str, port: int, user: str, password: str) -> None:
    broker = BrokerSettings(rabbitmq_url=SecretStr(url), rabbitmq_heartbeat_s=7)
    made = connection_parameters(broker, "fluxo_exams", "plantao-api exames")
    assert (made.host, made.port, made.virtual_host, made.heartbeat) == (host, port, "fluxo_exams", 7)
    assert (made.credentials.username, made.credentials.password) == (user, password)
    assert made.client_properties == {"connection_name": "plantao-api exames"}
    assert (made.ssl_options is not None) == url.startswith("amqps")
