"""Which rows need a message on the broker, and what its confirm changes.

`publish_at` alone decides: first publish that failed, retry, replay, expired lease, or a queued row that
nobody claimed for long (a purged or wiped broker).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, case, func, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import ReturningUpdate

from shared.bulk import among, keys
from shared.clock import now
from shared.database import UtcDateTime
from shared.tasks import precedence, timeline
from shared.tasks.schema import tasks
from shared.tasks.states import WAITING, TaskStatus, TimelineKind

_t = tasks.c
_WAITING = [status.value for status in WAITING]
_MAX_DOUBLINGS = 6


@dataclass(frozen=True, slots=True)
class Due:
    """A row to publish. `attempt` is for people who look at queues; `fence` must come back with the confirm."""

    task_id: str
    domain: str
    event: str
    attempt: int
    traceparent: str | None
    fence: int


def take_due(connection: Connection, domains: Sequence[str], limit: int, hold_s: float) -> list[Due]:
    """Rows of these domains due now, held back from other relays for `hold_s` seconds while confirms are awaited."""
    moment = now()
    precedence.release(connection, moment)
    due = (
        select(_t.id)
        .where(_t.publish_at <= moment, _t.status.in_(_WAITING), _t.domain.in_(list(domains)))
        .order_by(_t.publish_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # A CTE runs once; PostgreSQL may run a plain subquery again for each row and so ignore its limit.
        .cte("due")
    )
    rows = connection.execute(
        update(tasks)
        .where(_t.id.in_(select(due.c.id)))
        .values(publish_at=moment + timedelta(seconds=hold_s))
        .returning(_t.id, _t.domain, _t.event, _t.attempts, _t.traceparent, _t.fence)
    )
    return [Due(row.id, row.domain, row.event, row.attempts + 1, row.traceparent, row.fence) for row in rows]


@dataclass(frozen=True, slots=True)
class Published:
    task_id: str
    fence: int
    rebuild_after_s: float


def mark_published(connection: Connection, items: Sequence[Published]) -> list[None]:
    """The broker confirmed. A row that nobody claims is due again later, each time after twice as long.

    A row claimed since it was taken has a higher fence and keeps its own next time: a confirm may come late. Its claim
    has written the line already, so that no line stands behind the end of its task.
    """
    moment = now()
    dialect = connection.dialect.name
    again = {
        f"b_again_{n}": moment + timedelta(seconds=items[0].rebuild_after_s * 2**n) for n in range(_MAX_DOUBLINGS + 1)
    }
    taken = keys(dialect, [(item.task_id, item.fence) for item in items])
    marked = connection.execute(_mark_statement(dialect), {"b_moment": moment, **again, **taken})
    timeline.append_same(connection, [row.id for row in marked], TimelineKind.PUBLISHED, moment, {})
    return [None] * len(items)


@lru_cache(maxsize=2)
def _mark_statement(dialect: str) -> ReturningUpdate[Any]:
    again = [bindparam(f"b_again_{n}", type_=UtcDateTime()) for n in range(_MAX_DOUBLINGS + 1)]
    return (
        update(tasks)
        .where(among(dialect, (_t.id, _t.fence)), _t.status.in_(_WAITING))
        .values(
            status=case((_t.status == TaskStatus.PENDING.value, TaskStatus.QUEUED.value), else_=_t.status),
            version=_t.version + 1,
            published_at=bindparam("b_moment", type_=UtcDateTime()),
            publications=_t.publications + 1,
            publish_at=case(*((_t.publications == n, when) for n, when in enumerate(again[:-1])), else_=again[-1]),
        )
        .returning(_t.id)
    )


def count_unpublished(connection: Connection) -> int:
    """Rows whose message is overdue: more than a few for long means the broker is away."""
    statement = select(func.count()).select_from(tasks).where(_t.publish_at <= now(), _t.status.in_(_WAITING))
    return int(connection.execute(statement).scalar_one())
