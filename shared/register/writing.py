"""Many rows into the store: COPY on PostgreSQL, batches on SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from psycopg import sql
from sqlalchemy import JSON, Column, LargeBinary, Table, bindparam, insert, update
from sqlalchemy.engine import Connection

Values = Sequence[tuple[Any, ...]]
# COPY's text form, by the documentation of COPY: these four end or escape something.
_SPECIAL = "\\\t\n\r"
_ESCAPES = str.maketrans(dict(zip(_SPECIAL, (r"\\", r"\t", r"\n", r"\r"), strict=True)))
_NULL = r"\N"


def insert_many(connection: Connection, table: Table, names: tuple[str, ...], rows: Values) -> None:
    """Add `rows`, whose values stand in the order of `names`."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, sql.Identifier(table.name), names, _lines(table, names, rows))
    else:
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def update_many(connection: Connection, table: Table, names: tuple[str, ...], rows: Values) -> None:
    """Set `names[1:]` of the rows whose `names[0]` is given first; that column is unique."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        staged = sql.Identifier(f"staged_{table.name}")
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(_create_staged(table.name, names))
        _copy(connection, staged, names, _lines(table, names, rows))
        driver.execute(_update_from_staged(table.name, names))
    else:
        where = table.c[names[0]] == bindparam("b_key")
        statement = update(table).where(where).values({name: bindparam(f"b_{name}") for name in names[1:]})
        marks = ["b_key", *(f"b_{name}" for name in names[1:])]
        connection.execute(statement, [dict(zip(marks, row, strict=True)) for row in rows])


def _copy(connection: Connection, target: sql.Identifier, names: tuple[str, ...], lines: str) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    with (
        driver.cursor() as cursor,
        cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(target, columns)) as copy,
    ):
        copy.write(lines)


def _lines(table: Table, names: tuple[str, ...], rows: Values) -> str:
    """COPY's text form, made column by column at a third of the driver's price row by row.

    In one piece: the driver waits once per piece, and after each wait this thread stands in line behind the reader's.
    """
    columns = [_written(table.c[name], cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)]
    row = "\t".join(["%s"] * len(names)) + "\n"
    return "".join([row % cells for cells in zip(*columns, strict=True)])


def _written(column: Column[Any], cells: Sequence[Any]) -> Sequence[Any]:
    """One column's cells so that `%s` of each is what COPY reads."""
    if isinstance(column.type, JSON):
        cells = [None if cell is None else orjson.dumps(cell).decode() for cell in cells]
    elif isinstance(column.type, LargeBinary):
        cells = [None if cell is None else f"\\x{cell.hex()}" for cell in cells]
    holes = None in cells
    told = [cell for cell in cells if cell is not None] if holes else cells
    if told and isinstance(told[0], str):  # numbers and dates have nothing to escape
        text = "".join(told)
        if any(special in text for special in _SPECIAL):
            cells = [None if cell is None else cell.translate(_ESCAPES) for cell in cells]
    return [_NULL if cell is None else cell for cell in cells] if holes else cells


@lru_cache(maxsize=8)
def _create_staged(table: str, names: tuple[str, ...]) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    return sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
        sql.Identifier(f"staged_{table}"), columns, sql.Identifier(table)
    )


@lru_cache(maxsize=8)
def _update_from_staged(table: str, names: tuple[str, ...]) -> sql.Composed:
    key = sql.Identifier(names[0])
    changes = sql.SQL(", ").join(sql.SQL("{0} = staged.{0}").format(sql.Identifier(name)) for name in names[1:])
    return sql.SQL("UPDATE {0} SET {1} FROM {2} AS staged WHERE {0}.{3} = staged.{3}").format(
        sql.Identifier(table), changes, sql.Identifier(f"staged_{table}"), key
    )
