"""A broker that is missing at the start and killed at work: accepted all the same, done once. On both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.postgres_node import PostgresNode
from dev.rabbitmq_node import RabbitNode
from tests.acceptance.effects import once
from tests.acceptance.gates import Gate
from tests.databases import passing_postgres_database
from tests.platform import Platform, eventually


@pytest.fixture(scope="module")
def mortal_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitNode]:
    node = RabbitNode(tmp_path_factory.mktemp("mortal-rmq"), ["testes_eco"])
    yield node
    node.stop()


def test_work_survives_a_broker_that_is_missing_and_one_that_is_killed(
    engine: str, mortal_broker: RabbitNode, postgres: PostgresNode, tmp_path: Path
) -> None:
    if mortal_broker.is_running:
        mortal_broker.kill()
    with passing_postgres_database(postgres) as url:
        platform = Platform(mortal_broker, url, tmp_path, engine, PUBLISH_CONFIRM_TIMEOUT_S="2")
        try:
            _missing_at_start(platform, mortal_broker)
            _killed_at_work(platform, mortal_broker, tmp_path)
        finally:
            platform.close()


def _missing_at_start(platform: Platform, broker: RabbitNode) -> None:
    platform.start_api()
    platform.start_workers("--domains", "eco", wait_for=())
    waiting = eventually(
        lambda: (row := platform.consumer("eco")) and row["state"] == "waiting_broker" and row,
        "the consumer says that it waits",
    )
    assert "testes_eco" in waiting["detail"]
    assert str(broker.ports["amqp"]) in waiting["detail"]
    assert platform.client.get("/readyz").status_code == 200
    assert platform.client.get("/health").json()["status"] == "degraded"
    early = platform.submit("/api/eco/", {"texto": "antes do broker"})
    broker.start()
    platform.wait_ready("eco")
    once(platform, early)


def _killed_at_work(platform: Platform, broker: RabbitNode, folder: Path) -> None:
    gate = Gate(folder)
    running = [gate.hold(platform) for _ in range(8)]
    waiting = [platform.submit("/api/eco/", body) for body in [{"texto": "espera"}] * 10]
    broker.kill()
    during = [platform.submit("/api/eco/", body) for body in [{"texto": "sem broker"}] * 20]
    gate.open()
    for task in running:
        once(platform, task)  # the outcome needs no broker
    assert all(platform.view(task)["status"] in {"pending", "queued"} for task in during)
    broker.start()
    for task in waiting + during:
        once(platform, task)
