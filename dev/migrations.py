"""The database at its newest schema, in this process: a child would spend a second more on starting."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import SQLAlchemyError

from dev.console import DevError
from dev.processes import ROOT
from shared.database import Database
from shared.errors import StoreUnavailable


def migrate(database_url: str) -> None:
    """What `alembic upgrade head` does. Raises DevError when the database does not let us."""
    config = Config(ROOT / "alembic.ini")
    try:
        database = Database(database_url, pooled=False)
        with database.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        database.close()
    except (StoreUnavailable, SQLAlchemyError) as error:
        cause = str(error.__cause__ or error).strip().splitlines()[0]
        raise DevError(f"The database could not be brought up to date: {cause}\n  Check DATABASE_URL.") from error
