from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database import Database
from tests.conftest import migrate
from tests.integration.register.loads import Loads


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One migrated database of each kind for all tests of the register, which `loads` empties: a new one costs more."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('register') / 'plantao.db'}"
        migrate(url)
        yield url
        return
    postgres, name = request.getfixturevalue("postgres"), f"t{secrets.token_hex(6)}"
    url = postgres.create_database(name)
    migrate(url)
    yield url
    postgres.drop_database(name)


@pytest.fixture
def loads(database: Database, tmp_path: Path) -> Loads:
    found = Loads(database, tmp_path / "files")
    found.forget()
    return found
