"""A consumer that dies again and again is stopped with a clear state, and the rest of the fleet works on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.rabbitmq_node import RabbitNode
from tests.acceptance.broker import Vhost
from tests.acceptance.effects import once
from tests.acceptance.hospital import example
from tests.platform import Platform, eventually, running_platform

DEATHS = 3


@pytest.fixture
def platform(rabbit: RabbitNode, eco: Vhost, module_postgres_url: str, tmp_path: Path) -> Iterator[Platform]:
    """The supervisor is the same for both engines: one is enough."""
    for vhost in (eco, Vhost(rabbit, "ingestao_dados")):
        vhost.empty()
    fleet = ("--domains", "eco,ingestao")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = {
            "CRASH_LOOP_RESTARTS": str(DEATHS),
            "CRASH_LOOP_WINDOW_S": "3600",
            "WORKER_METRICS_PORT": str(taken.getsockname()[1]),
        }
        with running_platform(rabbit, module_postgres_url, tmp_path, "pika", *fleet, **settings) as running:
            yield running


def test_a_crash_loop_is_stopped_and_told_and_hurts_nobody_else(platform: Platform) -> None:
    platform.wait_ready("eco", "ingestao")
    for _ in range(DEATHS):
        gone = platform.kill_consumer("eco")
        eventually(lambda gone=gone: gone not in platform.children(), "the dead consumer is reaped")
    row = eventually(
        lambda: (row := platform.consumer("eco")) and row["state"] == "crash_loop" and row, "/health says it"
    )
    assert row["detail"]
    assert row["restarts"] == DEATHS
    assert platform.client.get("/health").json()["status"] == "degraded"

    waiting = platform.submit("/api/eco/", {"texto": "para depois"})
    other = example("ingestao.pacientes")
    once(platform, platform.submit(other.url, other.body))  # the rest works, relay and all
    assert "plantao consumer eco" not in platform.children().values()
    assert platform.view(waiting)["status"] in {"pending", "queued"}

    # Its port for the metrics is somebody else's: that costs the figures, not the calls for alerts.
    eventually(lambda: platform.client.get("/health").json()["relays"] == 1, "the relay is heard of")

    assert platform.stop_workers() == 0
    platform.heal("eco")  # a person has mended it and starts again
    once(platform, waiting)
