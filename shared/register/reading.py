"""What became of a file's rows, for those who sent it: by page, and the rejected ones as they came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.engine import Connection

from shared.register.schema import ingestion_rejects, ingestion_rows

_r, _x = ingestion_rows.c, ingestion_rejects.c
_PAGE = 500


def rows(
    connection: Connection, ingestion: int, disposition: str | None, after: int, limit: int
) -> list[dict[str, Any]]:
    """Rows in the order of the file, after line `after`."""
    columns = (_r.line, _r.first_byte, _r.digest, _r.disposition, _r.person, _r.codes)
    query = select(*columns).where(_r.ingestion == ingestion, _r.line > after).order_by(_r.line).limit(limit)
    if disposition is not None:
        query = query.where(_r.disposition == disposition)
    return [dict(row._mapping) for row in connection.execute(query)]


def rejects(connection: Connection, ingestion: int) -> Iterator[tuple[int, str, bytes]]:
    """(line, codes, bytes) of every rejected row in the order of the file, a page of them in memory at a time."""
    after = -1
    joined = ingestion_rejects.join(ingestion_rows, and_(_r.ingestion == _x.ingestion, _r.line == _x.line))
    while True:
        page = connection.execute(
            select(_x.line, _r.codes, _x.raw)
            .select_from(joined)
            .where(_x.ingestion == ingestion, _x.line > after)
            .order_by(_x.line)
            .limit(_PAGE)
        ).all()
        yield from ((line, codes, raw) for line, codes, raw in page)
        if len(page) < _PAGE:
            return
        after = page[-1].line
