"""Laws of any file whatever its bytes: one disposition per row, Σ = rows read, the same however it is cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.ingestao import carga
from shared.database import Database
from shared.register.schema import ingestion_rejects, ingestion_rows
from tests.databases import sqlite_database
from tests.integration.register.loads import AMADEU, HEADER, ROSA, Loads, counted
from tests.integration.register.test_merging import TWIN

_PEOPLE = [
    ROSA,
    AMADEU,
    TWIN,
    ROSA.replace("SUS", "X"),
    ROSA.replace("1974", "1975"),
    AMADEU.replace("2083;", "2083;158081376290004"),
]
_LINES = st.one_of(
    st.sampled_from([row.encode() for row in _PEOPLE]),
    st.sampled_from([b"", b";;;;;;;", b'"', b"\xff\xfe\x00", b'"a\nb";', b"=1+1;;;;;;;", HEADER.encode()]),
    st.binary(max_size=30),
)


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loads]:
    folder: Path = tmp_path_factory.mktemp("laws")
    # The other database is met by every other test; here it would cost more than it shows.
    database = Database(sqlite_database(folder / "laws.db"))
    yield Loads(database, folder / "files")
    database.close()


@given(st.lists(_LINES, max_size=10), st.integers(1, 4))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_file(some: Loads, lines: list[bytes], size: int) -> None:
    content = b"\n".join([HEADER.encode(), *lines, b""])
    some.forget()
    whole = counted(some.load(content))
    state, rows = some.state(), some.all(ingestion_rows)
    assert sum(whole.values()) == len(rows) == len({row["line"] for row in rows})
    rejected = {row["line"] for row in rows if row["disposition"] == "rejeitado"}
    assert {row["line"] for row in some.all(ingestion_rejects)} == rejected
    assert all(row["codes"] for row in rows if row["disposition"] in ("rejeitado", "ambiguo"))
    some.forget()
    with patch.object(carga, "CHUNK_ROWS", size):
        assert counted(some.load(content)) == whole
    assert some.state() == state
