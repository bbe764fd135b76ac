"""The tables that the code declares are the tables that the migrations make."""

from __future__ import annotations

from alembic import command
from alembic.config import Config

from shared.database import Database
from tests.platform import ROOT


def test_migrations_end_where_the_declared_tables_stand(database: Database) -> None:
    config = Config(ROOT / "alembic.ini")
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.check(config)  # raises when a migration is missing
