"""kill -9 in the middle of a file: the next attempt ends as if nothing had happened. And memory stays bounded."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import func, select

from bench import ingest_file
from shared.database import Database
from shared.register.schema import ingestion_rows
from tests.databases import sqlite_database
from tests.integration.register.loads import LoadRun, Loads, counted
from tests.platform import ROOT

ROWS = 1_500
CHUNK_ROWS = 50
FEW_ROWS = 6_000
GROWTH_MB = 20  # twelve thousand more rows in memory would be twice that
MEMORY_LIMIT_MB = 400
CHILD = [sys.executable, "-m", "tests.integration.register.load_process"]


def content(count: int) -> bytes:
    rows = [ingest_file.HEADER, *ingest_file.rows(count)]
    rows[5:5] = rows[900:905]  # the same people once more, in another chunk
    return "\n".join(rows).encode()


def applied(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(ingestion_rows)).scalar_one())


def test_a_load_killed_in_the_middle_ends_as_an_undisturbed_one(
    loads: Loads, database_url: str, tmp_path: Path
) -> None:
    upload, task = loads.upload(content(ROWS)), loads.task()
    command = [*CHILD, database_url, str(tmp_path / "files"), upload, task, str(CHUNK_ROWS), "waits"]
    with subprocess.Popen(command, cwd=ROOT) as child:
        while applied(loads.database) < 4 * CHUNK_ROWS:
            assert child.poll() is None, "the load ended before it could be killed"
            time.sleep(0.005)
        child.kill()
    left = applied(loads.database)
    assert 0 < left < ROWS
    resumed = loads.load(upload, run=LoadRun(task))

    calm = Loads(Database(sqlite_database(tmp_path / "calm.db")), tmp_path / "files")
    undisturbed = calm.load(content(ROWS))
    assert counted(resumed) == counted(undisturbed)
    assert resumed.achados == undisturbed.achados
    assert _ordered(loads) == _ordered(calm)
    calm.database.close()


def test_memory_does_not_grow_with_the_file(postgres_url: str, tmp_path: Path) -> None:
    """Three times the rows cost less than the rows themselves would."""
    database = Database(postgres_url)
    loads = Loads(database, tmp_path / "files")
    sizes = []
    for count in (FEW_ROWS, 3 * FEW_ROWS):
        command = [*CHILD, postgres_url, str(tmp_path / "files"), loads.upload(content(count)), loads.task(), "1000"]
        sizes.append(int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout))
    database.close()
    assert sizes[1] - sizes[0] < GROWTH_MB
    assert sizes[1] < MEMORY_LIMIT_MB


def _ordered(loads: Loads) -> dict[str, list[object]]:
    """Rows that refer to people by the order of their coming are the same on any database."""
    return {name: sorted(map(repr, rows)) for name, rows in loads.state().items()}
