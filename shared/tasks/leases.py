"""Who owns which running task, for how long, and what happens when the owner is gone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from shared.clock import now
from shared.tasks import timeline
from shared.tasks.schema import tasks
from shared.tasks.states import TaskStatus, TimelineKind

_t = tasks.c


@dataclass(frozen=True, slots=True)
class Held:
    """What the store says of the tasks an owner believes it runs."""

    fences: dict[str, int]
    cancelled: frozenset[str]


def held_by(connection: Connection, owner: str) -> Held:
    """Every running task of this owner with its fence, and which of them a person wants stopped."""
    rows = connection.execute(
        select(_t.id, _t.fence, _t.cancel_requested).where(_t.owner == owner, _t.status == TaskStatus.RUNNING.value)
    ).all()
    return Held({row.id: row.fence for row in rows}, frozenset(row.id for row in rows if row.cancel_requested))


def renew(connection: Connection, owner: str, ids: Collection[str], lease_s: float) -> None:
    """Lengthen the leases of what the owner really runs; a forgotten task keeps its old lease and expires.

    A row that is being written just now, most often its end, is left for the next renewal: waiting for it while
    holding others would dead-lock with a batch of ends, which locks rows in another order.
    """
    mine = (
        select(_t.id)
        .where(_t.id.in_(list(ids)), _t.owner == owner, _t.status == TaskStatus.RUNNING.value)
        .with_for_update(skip_locked=True, key_share=True)
        .cte("mine")
    )
    connection.execute(
        update(tasks).where(_t.id.in_(select(mine.c.id))).values(lease_until=now() + timedelta(seconds=lease_s))
    )


def expire_owner(connection: Connection, owner: str) -> list[str]:
    """A process is known to be dead: its tasks are due at once."""
    return _expire(connection, (_t.owner == owner,))


def expire_overdue(connection: Connection, limit: int = 500) -> list[str]:
    """Leases that nobody renewed: their owner is taken for dead."""
    overdue = (
        select(_t.id)
        .where(_t.status == TaskStatus.RUNNING.value, _t.lease_until < now())
        .limit(limit)
        .with_for_update(skip_locked=True)
        # A CTE runs once; PostgreSQL may run a plain subquery again for each row and so ignore its limit.
        .cte("overdue")
    )
    return _expire(connection, (_t.id.in_(select(overdue.c.id)),))


def _expire(connection: Connection, which: tuple[object, ...]) -> list[str]:
    moment = now()
    ids = list(
        connection.execute(
            update(tasks)
            .where(*which, _t.status == TaskStatus.RUNNING.value)  # type: ignore[arg-type]
            .values(
                status=TaskStatus.QUEUED.value,
                deaths=_t.deaths + 1,
                version=_t.version + 1,
                owner=None,
                lease_until=None,
                publish_at=moment,
            )
            .returning(_t.id)
        ).scalars()
    )
    timeline.append_same(connection, ids, TimelineKind.LEASE_EXPIRED, moment, {})
    return ids
