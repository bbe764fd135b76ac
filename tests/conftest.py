"""Real RabbitMQ and real databases for the suite. A missing one is a failure, never a skip."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from dev.definitions import domain_vhosts
from dev.postgres_node import PostgresNode
from dev.rabbitmq_node import RabbitNode
from shared.database import Database
from tests.databases import passing_postgres_database, sqlite_database
from tests.platform import PACKAGES, ROOT

# What an example costs is the machine's affair: a busy one must not refute a property. The suite's verdict on a commit
# is the same every time; `--hypothesis-profile exploring` looks for new examples.
settings.register_profile("exploring", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("suite", settings.get_profile("exploring"), derandomize=True)
settings.load_profile("suite")

os.environ["DOMAIN_PACKAGES"] = PACKAGES
# A developer's own settings must not reach the tests.
for _name in ("DATABASE_URL", "RABBITMQ_URL", "MODEL_PROVIDER", "MODEL_BASE_URL"):
    os.environ.pop(_name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Shared between workers, the long files come first: the short ones fill the gaps at the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        long = {"acceptance": 0, "integration": 1}
        items.sort(key=lambda item: long.get(item.path.relative_to(ROOT / "tests").parts[0], len(long)))


@pytest.fixture(scope="session")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitNode]:
    """A private broker for the whole run, with the vhosts of every domain and of the test domain."""
    with RabbitNode(tmp_path_factory.mktemp("rmq"), domain_vhosts()) as node:
        yield node


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresNode]:
    """A private PostgreSQL for the whole run. Nobody crashes this one: whoever tests that, starts a durable one."""
    node = PostgresNode(tmp_path_factory.mktemp("pg"), ["fsync=off"])
    node.start()
    yield node
    node.remove()


@pytest.fixture
def postgres_url(postgres: PostgresNode) -> Iterator[str]:
    """A migrated database of the test's own on PostgreSQL."""
    with passing_postgres_database(postgres) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A migrated database of the test's own on SQLite."""
    return sqlite_database(tmp_path / "plantao.db")


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
