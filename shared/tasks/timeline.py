"""The timeline of a task: constant kinds plus small data, never a value of a patient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from shared.bulk import bulk_insert
from shared.clock import now
from shared.tasks.schema import task_events, tasks
from shared.tasks.states import TimelineKind


@dataclass(frozen=True, slots=True)
class TimelineLine:
    task_id: str
    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=now)


def append(connection: Connection, lines: Sequence[TimelineLine]) -> list[None]:
    """Write lines in the order given."""
    rows = [{"task_id": line.task_id, "at": line.at, "kind": line.kind, "data": line.data} for line in lines]
    bulk_insert(connection, task_events, rows)
    return [None] * len(lines)


def append_same(connection: Connection, ids: Iterable[str], kind: str, at: datetime, data: dict[str, Any]) -> None:
    """The same line for many tasks."""
    append(connection, [TimelineLine(task_id, kind, data, at) for task_id in ids])


def read_after(connection: Connection, task_id: str, after: int) -> list[dict[str, Any]]:
    """Lines with an id greater than `after`, oldest first. Id 0 is the acceptance, read off the row itself."""
    lines: list[dict[str, Any]] = []
    if after < 0:
        accepted = connection.execute(select(tasks.c.created_at, tasks.c.origin).where(tasks.c.id == task_id)).one()
        lines.append(
            {"id": 0, "at": accepted.created_at, "kind": TimelineKind.ACCEPTED, "data": {"origin": accepted.origin}}
        )
    rows = connection.execute(
        select(task_events.c.id, task_events.c.at, task_events.c.kind, task_events.c.data)
        .where(task_events.c.task_id == task_id, task_events.c.id > after)
        .order_by(task_events.c.id)
    )
    return lines + [dict(row._mapping) for row in rows]
