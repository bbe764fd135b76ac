"""One migrated database per kind for the whole folder, emptied before each test: migrating for each costs more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.postgres_node import PostgresNode
from shared.database import Database, metadata
from tests.databases import postgres_database, sqlite_database
from tests.integration.store.clock import StoreClock
from tests.integration.store.executing import make
from workers.execution import Execution


def _opened(url: str) -> Iterator[Database]:
    database = Database(url, pool_size=20)
    yield database
    database.close()


@pytest.fixture(scope="session")
def sqlite_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    yield from _opened(sqlite_database(tmp_path_factory.mktemp("store") / "plantao.db"))


@pytest.fixture(scope="session")
def postgres_store(postgres: PostgresNode) -> Iterator[Database]:
    yield from _opened(postgres_database(postgres, "store"))
    postgres.drop_database("store")


def emptied(database: Database) -> Database:
    """The same database without a row."""
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """The test runs once on each database."""
    name = "postgres_store" if request.param == "postgresql" else "sqlite_store"
    return emptied(request.getfixturevalue(name))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StoreClock:
    """The clock of the store, which a test may set ahead instead of waiting."""
    return StoreClock(monkeypatch)


@pytest.fixture
def execution(database: Database) -> Iterator[Execution]:
    """The execution of the test domain on this store."""
    made = make(database)
    yield made
    made._commits.close()
