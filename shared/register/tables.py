"""Which table holds which kind of person, and how a row of it becomes a `Stored` one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, Text, Uuid, any_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection
from sqlalchemy.types import TypeEngine

from shared.register.records import FIELDS, Kind, Stored
from shared.register.schema import patients, physicians

TABLES: dict[Kind, Table] = {Kind.PATIENT: patients, Kind.PHYSICIAN: physicians}
_PIECE = 10_000  # SQLite takes at most 32 766 parameters
_GIVEN = "given"


def in_pieces(values: Collection[str]) -> Iterator[Sequence[str]]:
    """`values` in lists that one statement can take."""
    listed = list(values)
    for start in range(0, len(listed), _PIECE):
        yield listed[start : start + _PIECE]


def one_of(dialect: str, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition that `column`, an id or a blind value, is one of `given(dialect, values)`."""
    if dialect != "postgresql":
        return column.in_(bindparam(_GIVEN, expanding=True))
    return column == any_(unfolded(Uuid()))


def unfolded(item: TypeEngine[Any]) -> Any:
    """The values given on PostgreSQL as one text: the driver takes ten times as long over a list."""
    return cast(func.string_to_array(bindparam(_GIVEN, type_=Text()), ","), ARRAY(item))


def as_text(dialect: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """An id as the text it is here; the driver would make an object of PostgreSQL's uuid first."""
    return cast(column, Text).label(column.key) if dialect == "postgresql" else column


def given(dialect: str, values: Sequence[str]) -> dict[str, Any]:
    """The execution parameter of `one_of`."""
    return {_GIVEN: ",".join(values) if dialect == "postgresql" else list(values)}


def people(connection: Connection, tenant: str, kind: Kind, ids: Collection[str]) -> dict[str, Stored]:
    """The people who speak for `ids`: a merged row is answered by whom it was merged into."""
    found: dict[str, Stored] = {}
    heirs: dict[str, str] = {}
    dialect = connection.dialect.name
    for piece in in_pieces(ids):
        for row in connection.execute(_by_id(kind, dialect), {"tenant": tenant, **given(dialect, piece)}):
            *values, extra, version, merged_into, name = row
            if merged_into is None:
                found[name] = Stored(name, kind, tuple(values), extra, version)
            else:
                heirs[name] = merged_into
    if heirs:
        living = people(connection, tenant, kind, set(heirs.values()))
        found |= {name: living[heir] for name, heir in heirs.items() if heir in living}
    return found


@lru_cache(maxsize=8)
def _by_id(kind: Kind, dialect: str) -> Select[Any]:
    table = TABLES[kind]
    columns = [table.c[name] for name in (*FIELDS[kind], "extra", "version")]
    ids = [as_text(dialect, table.c[name]) for name in ("merged_into", "id")]
    return select(*columns, *ids).where(one_of(dialect, table.c.id), table.c.tenant == bindparam("tenant"))
