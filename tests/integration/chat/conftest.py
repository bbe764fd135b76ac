"""The databases of the store's tests, one application per test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from dev.postgres_node import PostgresNode
from shared.database import Database, metadata
from tests.databases import postgres_database, sqlite_database
from tests.integration.chat.scripted import ScriptedGateway
from tests.integration.chat.serving import Served, serving


@pytest.fixture(scope="session")
def chat_urls(postgres: PostgresNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Migrated once for the folder."""
    urls = {
        "sqlite": sqlite_database(tmp_path_factory.mktemp("chat") / "plantao.db"),
        "postgresql": postgres_database(postgres, "chat"),
    }
    yield urls
    postgres.drop_database("chat")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module says with `DATABASES` that the store is what it is about; the store's own tests run on both anyway."""
    if "database_url" in metafunc.fixturenames:
        kinds = getattr(metafunc.module, "DATABASES", ("postgresql",))
        metafunc.parametrize("database_url", kinds, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, chat_urls: dict[str, str]) -> str:
    return chat_urls[request.param]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Empty."""
    opened = Database(database_url)
    with opened.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    yield opened
    opened.close()


@pytest.fixture
async def gateway() -> ScriptedGateway:
    return ScriptedGateway()


@pytest.fixture
async def served(
    monkeypatch: pytest.MonkeyPatch, database: Database, database_url: str, gateway: ScriptedGateway
) -> AsyncIterator[Served]:
    async with serving(monkeypatch, database_url, gateway) as up:
        yield up
