"""Migrated databases for tests: Alembic runs once per process and server, every database after that is a copy."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.config import Config

from dev.postgres_node import PostgresNode
from shared.database import Database
from tests.platform import ROOT

_ORIGINAL = "migrated"
_folder = TemporaryDirectory(prefix="plantao-")


def sqlite_database(file: Path) -> str:
    """The URL of a new migrated database in `file`."""
    shutil.copyfile(_sqlite_original(), file)
    return f"sqlite:///{file}"


def postgres_database(node: PostgresNode, name: str) -> str:
    """The URL of a new migrated database `name` on `node`."""
    return node.create_database(name, template=_postgres_original(node))


@contextmanager
def passing_postgres_database(node: PostgresNode) -> Iterator[str]:
    """The URL of a migrated database on `node` that nobody else knows; dropped afterwards."""
    name = f"t{secrets.token_hex(6)}"
    yield postgres_database(node, name)
    node.drop_database(name)


@lru_cache
def _sqlite_original() -> Path:
    file = Path(_folder.name) / f"{_ORIGINAL}.db"
    _migrate(f"sqlite:///{file}")
    return file


@lru_cache
def _postgres_original(node: PostgresNode) -> str:
    _migrate(node.create_database(_ORIGINAL))
    return _ORIGINAL


def _migrate(url: str) -> None:
    """The schema as `alembic upgrade head` makes it."""
    config = Config(ROOT / "alembic.ini")
    database = Database(url, pooled=False)
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    database.close()
