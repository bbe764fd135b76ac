"""Brings the database at DATABASE_URL to the newest schema: `alembic upgrade head`."""

from __future__ import annotations

from alembic import context
from sqlalchemy.engine import Connection

from shared.conversations import schema as conversations_schema
from shared.database import Database, metadata
from shared.files import schema as files_schema
from shared.llm import schema as llm_schema
from shared.notifications import schema as notifications_schema
from shared.register import schema as register_schema
from shared.settings import settings
from shared.tasks import schema as tasks_schema

# Alembic compares with whatever these declared.
_SCHEMAS = (
    conversations_schema,
    notifications_schema,
    tasks_schema,
    files_schema,
    register_schema,
    llm_schema,
)


def _migrate(connection: Connection) -> None:
    # Batch mode, because SQLite cannot alter a column in place.
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


def run() -> None:
    """Use the caller's connection where there is one (tests), else our own."""
    given = context.config.attributes.get("connection")
    if given is not None:
        _migrate(given)
        return
    database = Database(settings().platform.database_url.get_secret_value(), pooled=False)
    with database.write() as connection:
        _migrate(connection)
    database.close()


run()
