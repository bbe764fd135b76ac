"""Who goes first: urgent work before what waits in its domain, and the earlier before what follows it.

What follows an earlier task names its events, and is of the same patient or of the same sequence (a conversation).

The message is a hint, so none of it needs the broker: it is decided where rows are claimed. Ordinary work pays one
look at an index that is empty while nothing urgent waits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    exists,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.engine import Connection
from sqlalchemy.sql.selectable import NamedFromClause

from shared.tasks import timeline
from shared.tasks.schema import tasks
from shared.tasks.states import WAITING, TaskStatus, TimelineKind

_t = tasks.c
TaskFacts = Row[*tuple[Any, ...]]
_WAITING = [status.value for status in WAITING]
_TOGETHER = ("patient_cpf", "patient_cns", "patient_record", "sequence")
_LOOK_AGAIN = timedelta(minutes=15)  # a net only: `release` sees an end within one sweep of the relay


def no_urgent_waits(domain: ColumnElement[str], moment: ColumnElement[datetime]) -> ColumnElement[bool]:
    """The condition that no urgent row of `domain` is there to be claimed at `moment`."""
    other = tasks.alias("other")
    return ~exists().where(_urgent_waiting(other, domain, moment))


def take_urgent(connection: Connection, domain: str, moment: datetime, limit: int) -> list[str]:
    """Urgent rows of `domain` that may be claimed, the oldest first, locked against other claims."""
    if not limit:
        return []
    statement = select(_t.id).where(_urgent_waiting(tasks, domain, moment)).order_by(_t.created_at, _t.id)
    return list(connection.execute(statement.limit(limit).with_for_update(skip_locked=True)).scalars())


def _urgent_waiting(table: NamedFromClause, domain: Any, moment: Any) -> ColumnElement[bool]:
    c = table.c
    return and_(
        # In the words of `ix_tasks_urgent`, which SQLite uses for no others.
        literal_column(f"{table.name}.urgent"),
        c.finished_at.is_(None),
        c.domain == domain,
        or_(
            c.status.in_([TaskStatus.PENDING.value, TaskStatus.QUEUED.value]),
            and_(c.status == TaskStatus.RETRYING.value, c.not_before <= moment),
        ),
        # What waits for an earlier task takes its turn after it, urgent or not.
        c.runs_after.is_(None),
    )


def displace(connection: Connection, ids: Sequence[str], moment: datetime) -> None:
    """These rows lost their messages to urgent work: they are due to be published again.

    The fence grows, so that the confirm of the message just used up, should it come late, puts off nothing.
    """
    if not ids:
        return
    _put_back(connection, ids, {"publish_at": moment})
    timeline.append_same(connection, ids, TimelineKind.OVERTAKEN, moment, {})


def hold_back(connection: Connection, rows: Sequence[TaskFacts], moment: datetime) -> set[str]:
    """The ids among `rows` that must wait: a task accepted earlier, of the same patient or sequence, has not ended.

    Each remembers for whom it waits, see `release`. Nobody waits for a later one, so no two wait for each other.
    """
    held = set()
    for row in rows:
        blocker = _blocker(connection, row) if row.runs_after else None
        if blocker is None:
            continue
        held.add(row.id)
        _put_back(connection, [row.id], {"publish_at": moment + _LOOK_AGAIN, "waits_for": blocker.id})
        if row.waits_for != blocker.id:
            timeline.append_same(connection, [row.id], TimelineKind.WAITING, moment, {"event": blocker.event})
    return held


def _blocker(connection: Connection, row: TaskFacts) -> TaskFacts | None:
    """The newest unfinished task that `row` must wait for. One query per identifier, so that each uses its index."""
    named = [(column, row._mapping[column]) for column in _TOGETHER if row._mapping[column] is not None]
    found = union_all(
        *(
            select(_t.id, _t.event, _t.created_at).where(
                _t.tenant == row.tenant,
                _t[column] == value,
                tuple_(_t.created_at, _t.id) < (row.created_at, row.id),
                _t.domain == row.domain,
                _t.event.in_(row.runs_after.split()),
                _t.finished_at.is_(None),
            )
            for column, value in named
        )
    ).subquery()
    newest = select(found.c.id, found.c.event).order_by(found.c.created_at.desc(), found.c.id.desc()).limit(1)
    return connection.execute(newest).one_or_none()


def release(connection: Connection, moment: datetime) -> None:
    """Make due whatever waits for a task that has ended since, however it ended.

    Part of the relay's sweep, which would publish it no sooner if its end had said so; so no end pays for it, and none
    can be missed in a race with a claim that is just being refused.
    """
    blocker = tasks.alias("blocker")
    # A scalar subquery is looked up by key for each that waits; a join might be planned over every task there is.
    ended_at = select(blocker.c.finished_at).where(blocker.c.id == _t.waits_for).scalar_subquery()
    connection.execute(
        update(tasks)
        .where(_t.waits_for.is_not(None), ended_at.is_not(None), _t.status.in_(_WAITING))
        .values(publish_at=moment, waits_for=None, version=_t.version + 1)
    )


def _put_back(connection: Connection, ids: Collection[str], values: dict[str, Any]) -> None:
    connection.execute(
        update(tasks)
        .where(_t.id.in_(list(ids)), _t.status.in_(_WAITING))
        .values(fence=_t.fence + 1, version=_t.version + 1, **values)
    )
