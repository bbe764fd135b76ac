"""Files that may lie in the store without an upload that names them, noted before that can be.

A file and its row cannot be made, nor removed, in one step. Before a file gets its key a note of it commits, which the
transaction that makes the upload takes back; the transaction that removes an upload leaves one. Whoever died in between
leaves the note, and the sweep removes the file. The note's row decides between the two: a sweep waits for an upload
that is just being committed, and an upload that comes too late finds its note gone and is none.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from shared import clock
from shared.errors import StoreUnavailable
from shared.files.schema import file_leftovers
from shared.files.store import FileStore

_l = file_leftovers.c
_UPLOAD_TAKES = timedelta(days=1)  # far more than from the last byte to the commit
_PAGE = 100


def expect(connection: Connection, path: str) -> None:
    """The file is about to get this key. Commit before it does."""
    _note(connection, path, clock.now() + _UPLOAD_TAKES)


def settle(connection: Connection, path: str) -> None:
    """An upload names the file now. Raises StoreUnavailable when it took so long that the file was swept."""
    if connection.execute(delete(file_leftovers).where(_l.path == path)).rowcount != 1:
        raise StoreUnavailable("o arquivo levou mais de um dia para ser gravado; envie-o de novo")


def abandon(connection: Connection, path: str) -> None:
    """No upload names the file any more. In the transaction that removes the upload."""
    _note(connection, path, clock.now())


def sweep(connection: Connection, moment: datetime, files: FileStore) -> int:
    """Remove a page of files that are due; how many. Raises OSError, and nothing is forgotten, where one cannot be."""
    due = select(_l.path).where(_l.due_at <= moment).order_by(_l.due_at).limit(_PAGE)
    paths = list(connection.execute(due.with_for_update(skip_locked=True)).scalars())
    for path in paths:
        files.delete(path)
    connection.execute(delete(file_leftovers).where(_l.path.in_(paths)))
    return len(paths)


def _note(connection: Connection, path: str, due_at: datetime) -> None:
    connection.execute(insert(file_leftovers).values(path=path, due_at=due_at))
