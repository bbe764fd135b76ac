from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database import Database
from tests.databases import passing_postgres_database, sqlite_database
from tests.integration.register.loads import Loads


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One migrated database of each kind for all tests of the register, which `loads` empties: a new one costs more."""
    if request.param == "sqlite":
        yield sqlite_database(tmp_path_factory.mktemp("register") / "plantao.db")
        return
    with passing_postgres_database(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture
def loads(database: Database, tmp_path: Path) -> Loads:
    found = Loads(database, tmp_path / "files")
    found.forget()
    return found
