"""Writes that count only while the writer still holds the task's fence."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import ReturningUpdate

from shared.bulk import among, keys
from shared.tasks.announcing import ADDRESSED, AddressedTask
from shared.tasks.schema import tasks
from shared.tasks.states import TaskStatus

_t = tasks.c


def fenced(
    connection: Connection, pairs: list[tuple[str, int]], values: dict[str, Any], counts: str | None = None
) -> dict[str, AddressedTask]:
    """Apply the same values to every running row whose (id, fence) is still ours; those that were, by their ids."""
    if not pairs:
        return {}
    dialect = connection.dialect.name
    parameters = {f"b_{name}": value for name, value in values.items()}
    statement = _statement(dialect, tuple(values), counts)
    return {row.id: row for row in connection.execute(statement, parameters | keys(dialect, pairs))}


@lru_cache(maxsize=32)
def _statement(dialect: str, names: tuple[str, ...], counts: str | None) -> ReturningUpdate[Any]:
    assigned: dict[str, Any] = {name: bindparam(f"b_{name}", type_=_t[name].type) for name in names}
    if counts:
        assigned[counts] = _t[counts] + 1
    return (
        update(tasks)
        .where(among(dialect, (_t.id, _t.fence)), _t.status == TaskStatus.RUNNING.value)
        .values(version=_t.version + 1, **assigned)
        .returning(*ADDRESSED)
    )
