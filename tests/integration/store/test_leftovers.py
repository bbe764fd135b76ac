"""A file and its row are made and removed in two steps: whoever dies in between leaves nothing for good."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from shared import clock
from shared.database import Database
from shared.errors import StoreUnavailable
from shared.files import leftovers, uploads
from shared.files.store import Draft, FileStore
from shared.files.uploads import Upload
from shared.settings import load_settings
from tests.integration.messaging.test_relay import until
from workers.housekeeping import Housekeeping

DAYS = timedelta(days=2)
WAIT_S = 120


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def upload_of(draft: Draft) -> Upload:
    return Upload(
        str(uuid4()), "default", "tests", "a.csv", "", "text/csv", draft.size, draft.sha256, draft.key, clock.now()
    )


def begun(database: Database, draft: Draft) -> Upload:
    draft.write(b"nome\n")
    upload = upload_of(draft)
    with database.write() as connection:
        leftovers.expect(connection, upload.path)
    return upload


def kept(database: Database, files: FileStore) -> Upload:
    with files.draft() as draft:
        upload = begun(database, draft)
        with database.write() as connection:
            leftovers.settle(connection, upload.path)
            uploads.add(connection, upload)
            draft.keep()
    return upload


def swept(database: Database, files: FileStore, after: timedelta = timedelta()) -> int:
    with database.write() as connection:
        return leftovers.sweep(connection, clock.now() + after, files)


def test_a_file_whose_row_never_came_is_removed_after_a_day(database: Database, files: FileStore) -> None:
    with files.draft() as draft:
        upload = begun(database, draft)
        draft.keep()  # and here the process dies
    assert swept(database, files) == 0
    assert files.path(upload.path).exists()
    assert swept(database, files, DAYS) == 1
    assert not files.path(upload.path).exists()


def test_an_upload_that_was_kept_is_not_looked_at(database: Database, files: FileStore) -> None:
    upload = kept(database, files)
    assert swept(database, files, DAYS) == 0
    assert files.path(upload.path).exists()


def test_a_sweep_does_not_touch_what_is_just_being_committed(database: Database, files: FileStore) -> None:
    """However long it took: who holds the note decides, not a clock."""
    with files.draft() as draft, ThreadPoolExecutor(1) as pool:
        upload = begun(database, draft)
        with database.write() as connection:
            leftovers.settle(connection, upload.path)
            uploads.add(connection, upload)
            draft.keep()
            sweeping = pool.submit(swept, database, files, DAYS)
            if connection.dialect.name == "postgresql":  # SQLite's sweep waits for this commit
                assert sweeping.result(WAIT_S) == 0
        assert sweeping.result(WAIT_S) == 0
    assert files.path(upload.path).exists()


def test_an_upload_that_comes_after_its_sweep_is_none(database: Database, files: FileStore) -> None:
    with files.draft() as draft:
        upload = begun(database, draft)
        assert swept(database, files, DAYS) == 1
        with pytest.raises(StoreUnavailable), database.write() as connection:
            leftovers.settle(connection, upload.path)
            uploads.add(connection, upload)
            draft.keep()
    with database.read() as connection:
        assert uploads.find(connection, "default", upload.id) is None


async def test_housekeeping_removes_the_file_of_a_deletion_that_died(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILES_DIR", str(tmp_path / "files"))
    files = FileStore(tmp_path / "files")
    upload, other = kept(database, files), kept(database, files)
    with database.write() as connection:
        key = uploads.remove(connection, "default", upload.id)
        assert key is not None
        leftovers.abandon(connection, key)  # and the process dies before it removes the file
    files.draft().write(b"metade")  # and another in the middle of an upload, the day before yesterday
    (half,) = (tmp_path / "files" / "drafts").iterdir()
    os.utime(half, (time.time() - 2 * 86_400,) * 2)
    stop = asyncio.Event()
    running = asyncio.create_task(Housekeeping(load_settings(), database).run(stop))
    await until(lambda: not (half.exists() or files.path(upload.path).exists()))
    stop.set()
    await asyncio.wait_for(running, WAIT_S)
    assert files.path(other.path).exists()
