"""Many rows, or many keys, in one statement.

On PostgreSQL rows travel as one JSON text that `json_to_recordset` unfolds, keys as arrays: one parameter to build
and send, and a statement whose text, and with it its prepared plan, is the same for any number of them. SQLite has
no network to save and takes them one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    CTE,
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
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql.dml import Insert, ReturningInsert, ReturningUpdate
from sqlalchemy.types import TypeEngine

_ROWS = "rows"
_FIRST = "among_first"
_KEYS = "among_keys"
_SEPARATOR = " "
_NUL = "\\u0000"
_GIVEN = "given_"


def bulk_insert(
    connection: Connection,
    table: Table,
    rows: Sequence[dict[str, Any]],
    *returned: str,
    ignore_conflicts: bool = False,
    stamped: str = "",
) -> list[Row[Any]]:
    """Insert `rows`, which all name the same columns; with `ignore_conflicts`, rows whose key exists are left out.

    `returned` are the columns that come back of each row that was written, in any order. `stamped` is a column that
    PostgreSQL's own clock fills, whatever the rows say: the one clock of several hosts.
    """
    if not rows:
        return []
    on_postgresql = connection.dialect.name == "postgresql"
    text = orjson.dumps(rows).decode() if on_postgresql else _NUL
    if _NUL not in text:
        statement = _insert_recordset(table, tuple(rows[0]), ignore_conflicts, returned, stamped)
        found = connection.execute(statement, {_ROWS: text})
    else:
        # PostgreSQL keeps an escaped NUL in a JSON column, but its functions refuse to unfold one.
        by_store = stamped if on_postgresql else ""
        given = [{name: row[name] for name in row if name != by_store} for row in rows] if by_store else list(rows)
        found = connection.execute(_insert(connection.dialect.name, table, ignore_conflicts, returned, by_store), given)
    return list(found) if returned else []


def bulk_upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert `rows`, which all name the same columns; where the key exists, its row takes the new values."""
    if not rows:
        return
    dialect = connection.dialect.name
    parameters: Any = {_ROWS: orjson.dumps(rows).decode()} if dialect == "postgresql" else list(rows)
    connection.execute(_upsert(dialect, table, tuple(rows[0])), parameters)


def bulk_update(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], where: ColumnElement[bool], *returned: str
) -> list[Row[Any]]:
    """Give each row of the table whose key is in `rows`, and for which `where` holds, the new values.

    `rows` all name the same columns, the key among them; `returned` are the columns that come back for each changed
    row, at least one. `where` must be one object kept by the caller: statements are remembered by it.
    """
    if not rows:
        return []
    dialect = connection.dialect.name
    statement = _update(dialect, table, tuple(rows[0]), where, returned)
    if dialect == "postgresql":
        return list(connection.execute(statement, {_ROWS: orjson.dumps(rows).decode()}))
    named = ({_GIVEN + name: value for name, value in row.items()} for row in rows)
    return [changed for row in named for changed in connection.execute(statement, row)]


def bulk_add(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *returned: str) -> list[Row[Any]]:
    """Add the numbers of `rows` to those of the rows with the same key, which are then ours until the transaction ends.

    `rows` all name the same columns, the one of the key, a text, among them, and are ordered by it: everybody who adds
    locks in that order, so that two who want several of the same rows wait for one another, never both. `returned` are
    the columns that come back, as they are afterwards, of each row that exists.
    """
    if not rows:
        return []
    dialect = connection.dialect.name
    statement = _add(dialect, table, tuple(rows[0]), returned)
    if dialect == "postgresql":
        (key,) = table.primary_key
        wanted = keys(dialect, [(row[key.name],) for row in rows])
        return list(connection.execute(statement, {_ROWS: orjson.dumps(rows).decode(), **wanted}))
    named = ({_GIVEN + name: value for name, value in row.items()} for row in rows)
    return [changed for row in named for changed in connection.execute(statement, row)]


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
def _insert_recordset(
    table: Table, names: tuple[str, ...], ignore_conflicts: bool, returned: tuple[str, ...], stamped: str
) -> Insert | ReturningInsert[Any]:
    given = [name for name in names if name != stamped]
    source = _recordset([table.c[name] for name in given])
    if stamped:
        given, source = [*given, stamped], source.add_columns(func.clock_timestamp())
    statement = postgresql.insert(table).from_select(given, source)
    return _finished(statement.on_conflict_do_nothing() if ignore_conflicts else statement, returned)


@lru_cache(maxsize=64)
def _insert(
    dialect: str, table: Table, ignore_conflicts: bool, returned: tuple[str, ...], stamped: str
) -> Insert | ReturningInsert[Any]:
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    if stamped:
        statement = statement.values({stamped: func.clock_timestamp()})
    return _finished(statement.on_conflict_do_nothing() if ignore_conflicts else statement, returned)


def _finished(statement: Insert, returned: tuple[str, ...]) -> Insert | ReturningInsert[Any]:
    return statement.returning(*(statement.table.c[name] for name in returned)) if returned else statement


@lru_cache(maxsize=64)
def _upsert(dialect: str, table: Table, names: tuple[str, ...]) -> Insert:
    key = [column.name for column in table.primary_key]
    on_postgresql = dialect == "postgresql"
    insert = (postgresql if on_postgresql else sqlite).insert(table)
    if on_postgresql:
        insert = insert.from_select(list(names), _recordset([table.c[name] for name in names]))
    new = {name: insert.excluded[name] for name in names if name not in key}
    return insert.on_conflict_do_update(index_elements=key, set_=new)


@lru_cache(maxsize=64)
def _update(
    dialect: str, table: Table, names: tuple[str, ...], where: ColumnElement[bool], returned: tuple[str, ...]
) -> ReturningUpdate[Any]:
    given: Mapping[str, ColumnElement[Any]]
    if dialect == "postgresql":
        given = dict(_recordset([table.c[name] for name in names]).cte("given").c)
    else:
        given = {name: bindparam(_GIVEN + name, type_=table.c[name].type) for name in names}
    key = {column.name for column in table.primary_key}
    same = [table.c[name] == given[name] for name in key]
    new = {name: given[name] for name in names if name not in key}
    return update(table).where(*same, where).values(new).returning(*(table.c[name] for name in returned))


@lru_cache(maxsize=64)
def _add(dialect: str, table: Table, names: tuple[str, ...], returned: tuple[str, ...]) -> ReturningUpdate[Any]:
    (key,) = table.primary_key
    if dialect == "postgresql":
        rows = _recordset([table.c[name] for name in names]).cte("given").c
        given: Mapping[str, ColumnElement[Any]] = dict(rows)
        mine = and_(among(dialect, (key,)), key == _held(dialect, key).c[key.name], key == given[key.name])
    else:
        given = {name: bindparam(_GIVEN + name, type_=table.c[name].type) for name in names}
        mine = key == given[key.name]
    sums = {name: table.c[name] + given[name] for name in names if name != key.name}
    return update(table).where(mine).values(sums).returning(*(table.c[name] for name in returned))


def _held(dialect: str, key: Column[Any]) -> CTE:
    """The keys that exist, each locked before the next: an update alone has no order."""
    # The order of code points, which is Python's: PostgreSQL's own depends on its locale.
    return select(key).where(among(dialect, (key,))).order_by(key.collate("C")).with_for_update().cte("held")


def _recordset(columns: Sequence[Column[Any]]) -> Select[Any]:
    """The rows of the JSON parameter with the types of `columns`."""
    typed = [column(target.name, _unfolded(target.type)) for target in columns]
    given = func.json_to_recordset(cast(bindparam(_ROWS, type_=Text()), postgresql.JSON()))
    return select(*given.table_valued(*typed).render_derived(with_types=True).c)


def _unfolded(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """A string unfolds as text: as VARCHAR(n) it would be cut off in silence instead of refused by its column."""
    return Text() if isinstance(kind, String) and not isinstance(kind, JSON) else kind
