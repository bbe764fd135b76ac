"""Rows that many processes change: locked in one order everywhere, made where they are missing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, Table, select
from sqlalchemy.engine import Connection

from shared.bulk import among, bulk_insert, keys

Key = tuple[str, ...]
Values = dict[str, Any]


def locked_rows(
    connection: Connection, table: Table, wanted: Collection[Key], blank: Callable[[Key], Values]
) -> dict[Key, Values]:
    """The rows of `table` with these keys, ours until the transaction ends; `blank` says what a new one holds.

    Existing rows are locked before missing ones are inserted, each in the order of their keys: two transactions that
    want several of the same rows wait for one another, never both.
    """
    if not wanted:
        return {}
    found = _lock(connection, table, sorted(wanted))
    missing = sorted(key for key in wanted if key not in found)
    if missing:
        # Another process may insert the same row first: ours is then left out, and the second look waits for its end.
        bulk_insert(connection, table, [blank(key) for key in missing], ignore_conflicts=True)
        found |= _lock(connection, table, missing)
    return {key: found[key] for key in wanted}


def _lock(connection: Connection, table: Table, wanted: list[Key]) -> dict[Key, Values]:
    dialect = connection.dialect.name
    rows = connection.execute(_statement(dialect, table), keys(dialect, wanted)).mappings()
    names = [column.name for column in table.primary_key]
    # The store's own keys are SQLAlchemy names, which orjson refuses.
    return {tuple(row[name] for name in names): {str(name): value for name, value in row.items()} for row in rows}


@lru_cache(maxsize=8)
def _statement(dialect: str, table: Table) -> Select[Any]:
    key = list(table.primary_key)
    # The order of code points, which is Python's and SQLite's: PostgreSQL's own depends on its locale.
    order = [column.collate("C") for column in key] if dialect == "postgresql" else key
    return select(table).where(among(dialect, key)).order_by(*order).with_for_update()
