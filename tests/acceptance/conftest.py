"""Platforms that live for a module: starting one costs seconds, so tests share it and leave it whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.postgres_node import PostgresNode
from dev.rabbitmq_node import RabbitNode
from tests.acceptance.broker import Vhost
from tests.databases import passing_postgres_database, sqlite_database
from tests.platform import Platform, running_platform

ENGINES = ["pika", "dramatiq"]


@pytest.fixture(scope="module")
def module_postgres_url(postgres: PostgresNode) -> Iterator[str]:
    with passing_postgres_database(postgres) as url:
        yield url


@pytest.fixture(scope="module")
def shared_platform(
    request: pytest.FixtureRequest, rabbit: RabbitNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """One platform per pair that the module names, e.g. `pika on sqlite`; all four pairs are met in the suite."""
    engine, _, database = request.param.partition(" on ")
    folder: Path = tmp_path_factory.mktemp(engine)
    Vhost(rabbit, "testes_eco").empty()
    if database == "postgresql":
        url = request.getfixturevalue("module_postgres_url")
    else:
        url = sqlite_database(folder / "plantao.db")
    with running_platform(rabbit, url, folder, engine, WORKER_LEASE_S="60") as running:
        yield running


@pytest.fixture
def eco(rabbit: RabbitNode) -> Vhost:
    """The vhost of the test domain on the session's broker."""
    return Vhost(rabbit, "testes_eco")


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Every test of the module runs once on each engine."""
    name: str = request.param
    return name
