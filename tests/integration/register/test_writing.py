"""What is written in bulk is what is read, whatever the text: COPY has characters of its own."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import select

from shared.register.schema import ingestion_rejects, patients
from shared.register.writing import insert_many, update_many
from tests.integration.register.loads import Loads

TEXTS = ["None", "\\N", "\\", "a\tb", "a\nb\r\nc", "a\\tb", "\\.", "", " ", "Íris ☕ 𝔄", '"', "%s", "{}", None]
NAMES = ("id", "tenant", "version", "extra", "name", "mother_name", "birth_date", "cpf")


@pytest.mark.parametrize("changed", [False, True], ids=["inserted", "updated"])
def test_any_text_comes_back_as_it_went(loads: Loads, changed: bool) -> None:
    rows = [
        (str(uuid4()), "t", 1, text and {"k": text}, f"{text} Silva", text, date(1990, 1, 31), None) for text in TEXTS
    ]
    with loads.database.write() as connection:
        if changed:
            insert_many(connection, patients, NAMES, [(row[0], "t", 1, None, "x", "x", row[6], None) for row in rows])
            update_many(connection, patients, NAMES, rows)
        else:
            insert_many(connection, patients, NAMES, rows)
    with loads.database.read() as connection:
        read = connection.execute(select(*(patients.c[name] for name in NAMES))).all()
    assert {row[0]: tuple(row) for row in read} == {row[0]: row for row in rows}


def test_bytes_come_back_as_they_went(loads: Loads) -> None:
    raw = bytes(range(256)) + b"\\N\\x00"
    with loads.database.write() as connection:
        insert_many(connection, ingestion_rejects, ("ingestion", "line", "raw"), [(1, 1, raw), (1, 2, b"")])
    with loads.database.read() as connection:
        read = connection.execute(select(ingestion_rejects.c.raw).order_by(ingestion_rejects.c.line)).scalars().all()
    assert list(map(bytes, read)) == [raw, b""]
