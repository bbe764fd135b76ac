"""A database that goes away: nothing is accepted meanwhile, nothing that was accepted is lost. On both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.postgres_node import PostgresNode
from dev.rabbitmq_node import RabbitNode
from tests.acceptance.broker import Vhost
from tests.acceptance.gates import Gate
from tests.acceptance.timeline import kinds
from tests.databases import passing_postgres_database
from tests.platform import Platform, eventually, running_platform


@pytest.fixture(scope="module")
def mortal_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresNode]:
    with PostgresNode(tmp_path_factory.mktemp("mortal-pg")) as node:
        yield node


@pytest.fixture
def platform(
    engine: str, rabbit: RabbitNode, eco: Vhost, mortal_postgres: PostgresNode, tmp_path: Path
) -> Iterator[Platform]:
    eco.empty()
    with (
        passing_postgres_database(mortal_postgres) as url,
        running_platform(rabbit, url, tmp_path, engine, WORKER_LEASE_S="300") as running,
    ):
        yield running


def test_a_database_that_dies_and_comes_back(platform: Platform, mortal_postgres: PostgresNode, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    running = gate.hold(platform)
    mortal_postgres.kill()
    refused = platform.client.post("/api/eco/", json={"texto": "recusado"})
    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["type"] == "urn:plantao:problema:store-unavailable"
    read = platform.client.get(f"/api/tasks/{running}")
    assert (read.status_code, read.headers["content-type"]) == (503, "application/problem+json")
    assert platform.client.get("/livez").status_code == 200
    assert platform.client.get("/readyz").status_code == 503
    gate.open()  # its outcome finds no store
    eventually(lambda: '"store_waited_for"' in platform.full_log(), "the worker waits for the store")
    mortal_postgres.start()
    accepted = eventually(lambda: accepted_id(platform), "work is accepted again, without anybody's help")
    view = platform.finished(running)
    assert (view["status"], view["attempts"], view["result"]) == ("completed", 0, {"aberto": True})
    assert [kinds(platform.client, running).count(kind) for kind in ("claimed", "completed")] == [1, 1]
    assert platform.finished(accepted)["status"] == "completed"


def accepted_id(platform: Platform) -> str | None:
    answer = platform.client.post("/api/eco/", json={"texto": "aceito"})
    assert answer.status_code in {202, 503}
    return str(answer.json()["task_id"]) if answer.status_code == 202 else None
