"""Many rows into the store: COPY on PostgreSQL, batches on SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from psycopg import sql
from sqlalchemy import JSON, Table, bindparam, insert, update
from sqlalchemy.engine import Connection

Values = Sequence[tuple[Any, ...]]


def insert_many(
    connection: Connection, table: Table, names: tuple[str, ...], rows: Values, *, plain: bool = False
) -> None:
    """Add `rows`, whose values stand in the order of `names`.

    `plain`: nothing but numbers, our own words and hexadecimal, which need no escaping on their way.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        if plain and (lines := _lines(len(names), rows)) is not None:
            _copy_lines(connection, table.name, names, lines)
            return
        _copy(connection, sql.Identifier(table.name), names, _encoded(table, names, rows))
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
        _copy(connection, staged, names, _encoded(table, names, rows))
        driver.execute(_update_from_staged(table.name, names))
    else:
        where = table.c[names[0]] == bindparam("b_key")
        statement = update(table).where(where).values({name: bindparam(f"b_{name}") for name in names[1:]})
        marks = ["b_key", *(f"b_{name}" for name in names[1:])]
        connection.execute(statement, [dict(zip(marks, row, strict=True)) for row in rows])


def _copy(connection: Connection, target: sql.Identifier, names: tuple[str, ...], rows: Values) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    with (
        driver.cursor() as cursor,
        cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(target, columns)) as copy,
    ):
        write = copy.write_row
        for row in rows:
            write(row)


def _copy_lines(connection: Connection, table: str, names: tuple[str, ...], lines: str) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    with (
        driver.cursor() as cursor,
        cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)) as copy,
    ):
        copy.write(lines)


def _lines(width: int, rows: Values) -> str | None:
    """COPY's text form at a third of the driver's price; None when a value was not as plain as was said."""
    row = "\t".join(["%s"] * width) + "\n"
    text = "".join([row % values for values in rows])
    if "\\" in text or text.count("\n") != len(rows) or text.count("\t") != len(rows) * (width - 1):
        return None
    return text.replace("\tNone", "\t\\N")


def _encoded(table: Table, names: tuple[str, ...], rows: Values) -> Values:
    """JSON columns as text: COPY knows no Python objects."""
    places = [place for place, name in enumerate(names) if isinstance(table.c[name].type, JSON)]
    if not places:
        return rows
    encoded = []
    for row in rows:
        listed = list(row)
        for place in places:
            listed[place] = None if row[place] is None else orjson.dumps(row[place]).decode()
        encoded.append(tuple(listed))
    return encoded


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
