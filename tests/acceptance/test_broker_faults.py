"""A broker that forgets, repeats or hangs up: nothing accepted is lost, nothing has effect twice. On both engines."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dev.rabbitmq_node import RabbitNode
from shared.messaging import messages
from tests.acceptance.broker import Vhost
from tests.acceptance.effects import once
from tests.acceptance.gates import Gate
from tests.acceptance.timeline import kinds
from tests.platform import Platform, eventually, running_platform


@pytest.fixture(scope="module")
def platform(
    engine: str, rabbit: RabbitNode, module_postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    Vhost(rabbit, "testes_eco").empty()
    folder = tmp_path_factory.mktemp(f"broker-{engine}")
    with running_platform(
        rabbit, module_postgres_url, folder, engine, REBUILD_AFTER_S="2", WORKER_LEASE_S="60"
    ) as running:
        yield running


def test_connections_cut_again_and_again_under_load(platform: Platform, eco: Vhost) -> None:
    with ThreadPoolExecutor(4) as pool:
        posted = pool.map(lambda body: platform.submit("/api/eco/lento/", body), [{"segundos": 0.05}] * 120)
        for _ in range(3):
            eco.cut_connections()
        accepted = list(posted)
    eco.cut_connections()
    for task in accepted:
        once(platform, task)


def test_a_purged_queue_is_rebuilt(platform: Platform, eco: Vhost, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    holders = [gate.hold(platform) for _ in range(8)]  # every slot: what follows stays in the queue
    waiting = [platform.submit("/api/eco/", body) for body in [{"texto": "espera"}] * 10]
    eventually(lambda: all(platform.view(task)["status"] == "queued" for task in waiting), "all are queued")
    eventually(lambda: len(eco.look()) >= 10, "their messages are on the broker")
    eco.purge()
    gate.open()
    for task in holders + waiting:
        once(platform, task)


def test_a_message_repeated_five_times_has_one_effect(platform: Platform, eco: Vhost, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    running = gate.hold(platform)
    finished = platform.submit("/api/eco/", {"texto": "olá"})
    once(platform, finished)
    for task, event in ((running, "portao"), (finished, "eco")):
        eco.publish(*[messages.encode(task, event, 1)] * 5)
    once(platform, platform.submit("/api/eco/", {"texto": "depois"}))
    gate.open()
    once(platform, running)
    eventually(lambda: eco.look() == [], "every copy was read")
    for task in (running, finished):
        assert kinds(platform.client, task).count("claimed") == 1
