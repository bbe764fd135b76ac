"""Many rows, or many keys, in one statement.

On PostgreSQL rows travel as one JSON text that `json_to_recordset` unfolds, keys as arrays: one parameter to build
and send, and a statement whose text, and with it its prepared plan, is the same for any number of them. SQLite has
no network to save and takes them one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Select,
    String,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import Insert
from sqlalchemy.types import TypeEngine

_ROWS = "rows"
_FIRST = "among_first"
_KEYS = "among_keys"
_SEPARATOR = " "
_NUL = "\\u0000"


def bulk_insert(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, ignore_conflicts: bool = False
) -> None:
    """Insert `rows`, which all name the same columns; with `ignore_conflicts`, rows whose key exists are left out."""
    if not rows:
        return
    on_postgresql = connection.dialect.name == "postgresql"
    text = orjson.dumps(rows).decode() if on_postgresql else _NUL
    if _NUL not in text:
        connection.execute(_insert_recordset(table, tuple(rows[0]), ignore_conflicts), {_ROWS: text})
    else:
        # PostgreSQL keeps an escaped NUL in a JSON column, but its functions refuse to unfold one.
        insert = (postgresql if on_postgresql else sqlite).insert(table)
        connection.execute(insert.on_conflict_do_nothing() if ignore_conflicts else insert, list(rows))


def among(dialect: str, columns: Sequence[Column[Any]]) -> ColumnElement[bool]:
    """The condition that `columns` equal one of the keys given at execution as `keys(dialect, values)`.

    The first column must be an indexed text: as an array it is looked up key by key, whatever the planner believes
    of the table. Build the statement once and keep it: putting one together costs more than running it.
    """
    if dialect != "postgresql":
        return tuple_(*columns).in_(bindparam(_KEYS, expanding=True))
    first = columns[0] == any_(bindparam(_FIRST, type_=ARRAY(Text())))
    if len(columns) == 1:
        return first
    return and_(first, func.concat_ws(_SEPARATOR, *columns) == any_(bindparam(_KEYS, type_=ARRAY(Text()))))


def keys(dialect: str, values: Collection[tuple[Any, ...]]) -> dict[str, Any]:
    """The execution parameters of `among`; at least one key."""
    if dialect != "postgresql":
        return {_KEYS: list(values)}
    first = {_FIRST: [value[0] for value in values]}
    if all(len(value) == 1 for value in values):
        return first
    return first | {_KEYS: [_SEPARATOR.join(map(str, value)) for value in values]}


@lru_cache(maxsize=64)
def _insert_recordset(table: Table, names: tuple[str, ...], ignore_conflicts: bool) -> Insert:
    source = _recordset([table.c[name] for name in names])
    statement = postgresql.insert(table).from_select(list(names), source)
    return statement.on_conflict_do_nothing() if ignore_conflicts else statement


def _recordset(columns: Sequence[Column[Any]]) -> Select[Any]:
    """The rows of the JSON parameter with the types of `columns`."""
    typed = [column(target.name, _unfolded(target.type)) for target in columns]
    given = func.json_to_recordset(cast(bindparam(_ROWS, type_=Text()), postgresql.JSON()))
    return select(*given.table_valued(*typed).render_derived(with_types=True).c)


def _unfolded(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """A string unfolds as text: as VARCHAR(n) it would be cut off in silence instead of refused by its column."""
    return Text() if isinstance(kind, String) and not isinstance(kind, JSON) else kind
