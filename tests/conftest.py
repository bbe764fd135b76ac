"""Real RabbitMQ and real databases for the suite. A missing one is a failure, never a skip."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from dev.definitions import domain_vhosts
from dev.postgres_node import PostgresNode
from dev.rabbitmq_node import RabbitNode
from shared.database import Database
from tests.platform import PACKAGES, ROOT

os.environ["DOMAIN_PACKAGES"] = PACKAGES
# A developer's own settings must not reach the tests.
for _name in ("DATABASE_URL", "RABBITMQ_URL", "MODEL_PROVIDER", "MODEL_BASE_URL"):
    os.environ.pop(_name, None)


@pytest.fixture(scope="session")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitNode]:
    """A private broker for the whole run, with the vhosts of every domain and of the test domain."""
    with RabbitNode(tmp_path_factory.mktemp("rmq"), domain_vhosts()) as node:
        yield node


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresNode]:
    """A private PostgreSQL for the whole run."""
    with PostgresNode(tmp_path_factory.mktemp("pg")) as node:
        yield node


def migrate(url: str) -> None:
    """The schema as `alembic upgrade head` makes it."""
    config = Config(ROOT / "alembic.ini")
    database = Database(url, pooled=False)
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    database.close()


@pytest.fixture
def postgres_url(postgres: PostgresNode) -> Iterator[str]:
    """A migrated database of the test's own on PostgreSQL."""
    name = f"t{secrets.token_hex(6)}"
    url = postgres.create_database(name)
    migrate(url)
    yield url
    postgres.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A migrated database of the test's own on SQLite."""
    url = f"sqlite:///{tmp_path / 'plantao.db'}"
    migrate(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The test runs once on each database."""
    url: str = request.getfixturevalue(f"{'postgres' if request.param == 'postgresql' else 'sqlite'}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()
