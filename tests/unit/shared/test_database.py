"""What the two databases disagree about, hidden from everybody else."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, select, text
from sqlalchemy.exc import IntegrityError

from shared.database import Database, UtcDateTime
from shared.errors import StoreUnavailable

NOTES = Table("notes", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcDateTime))


@pytest.fixture
def notes(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'new folder' / 'notes.db'}")
    with database.write() as connection:
        NOTES.metadata.create_all(connection)
    return database


def test_moments_come_back_aware_and_in_utc(notes: Database) -> None:
    local = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=-3)))
    with notes.write() as connection:
        connection.execute(NOTES.insert(), [{"id": 1, "at": local}, {"id": 2, "at": None}])
    with notes.read() as connection:
        kept, nothing = connection.execute(select(NOTES.c.at).order_by(NOTES.c.id)).scalars()
    assert (kept, kept.utcoffset(), nothing) == (local, timedelta(0), None)


def test_an_error_inside_a_write_undoes_it(notes: Database) -> None:
    with pytest.raises(IntegrityError), notes.write() as connection:
        connection.execute(NOTES.insert(), {"id": 1})
        connection.execute(NOTES.insert(), {"id": 1})
    with notes.read() as connection:
        assert connection.execute(select(NOTES)).all() == []


def test_foreign_keys_hold_on_sqlite_too(notes: Database) -> None:
    with notes.read() as connection:
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"


def test_a_server_that_is_not_there_is_an_outage_with_no_address_in_it() -> None:
    database = Database("postgresql+psycopg://user:s3cret@127.0.0.1:1/none", pooled=False)
    with pytest.raises(StoreUnavailable) as outage, database.write():
        pass
    assert outage.value.status == 503
    assert "s3cret" not in str(outage.value)


def test_the_values_of_a_failed_statement_are_not_in_its_error(notes: Database) -> None:
    with pytest.raises(IntegrityError) as error, notes.write() as connection:
        connection.execute(text("INSERT INTO notes (id, at) VALUES (1, :name)"), {"name": "MARIA"})
        connection.execute(text("INSERT INTO notes (id, at) VALUES (1, :name)"), {"name": "MARIA"})
    assert "MARIA" not in str(error.value)
