"""What a connection to PostgreSQL promises about a host that falls silent."""

from __future__ import annotations

import os
import socket

from psycopg import Connection

from shared.database import Database

GONE_AFTER_S = 30


def test_a_host_that_vanished_is_noticed_within_half_a_minute(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.read() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, Connection)
        with socket.socket(fileno=os.dup(driver.fileno())) as wire:
            assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            idle, pause, probes = (
                wire.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            )
            unanswered_ms = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    database.close()
    assert idle + pause * probes <= GONE_AFTER_S  # a statement waits for its answer
    assert 0 < unanswered_ms <= GONE_AFTER_S * 1000  # a statement was sent and nobody took it
