"""What must leave the house, from the transaction that makes it true to the attempt that gets it there.

At least once, under one id for good: a receiver that has seen `webhook-id` (or the CloudEvents `id`) has seen it all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Connection
from uuid_utils import uuid7

from shared.bulk import bulk_insert
from shared.clock import now
from shared.notifications.schedule import retry_after
from shared.notifications.schema import delivery_attempts, disabled_endpoints, notifications

_n = notifications.c


class Kind(StrEnum):
    """What happened. Alerts go before everything else."""

    ALERT = "alert"
    ANSWER = "answer"  # the result itself for whoever asked; read from the task when it is sent, never kept here
    COMPLETED = "completed"
    FAILED = "failed"


class Channel(StrEnum):
    """How it leaves."""

    CALLBACK = "callback"  # signed HTTP POST to a registered endpoint
    BROKER = "broker"  # CloudEvent on a queue of the domain's vhost


class State(StrEnum):
    """What became of it."""

    PENDING = "pending"  # due at `due_at`
    DELIVERED = "delivered"  # 2xx, or confirmed by the broker
    CANCELLED = "cancelled"  # its alert was acknowledged, or a later call took its place
    UNDELIVERABLE = "undeliverable"  # the last attempt failed, or the endpoint said 410


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one receiver. `data` holds ids, codes and links, never a value of a patient."""

    task_id: str
    domain: str
    kind: Kind
    channel: Channel
    target: str
    data: dict[str, Any]
    alert_id: str | None = None
    level: int | None = None  # which call of an alert; None for a plain record of what happened


def add(connection: Connection, notices: Sequence[Notice], moment: datetime) -> None:
    """Due at once."""
    rows = [
        {
            "id": str(uuid7()),
            "task_id": notice.task_id,
            "domain": notice.domain,
            "kind": notice.kind.value,
            "channel": notice.channel.value,
            "target": notice.target,
            "alert_id": notice.alert_id,
            "level": notice.level,
            "data": notice.data,
            "state": State.PENDING.value,
            "created_at": moment,
            "due_at": moment,
        }
        for notice in notices
    ]
    bulk_insert(connection, notifications, rows)


@dataclass(frozen=True, slots=True)
class Lane:
    """Notifications that share their slots, so that one kind cannot keep another waiting."""

    channel: Channel
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """A notification in the hands of one deliverer until its hold ends."""

    id: str
    task_id: str
    domain: str
    kind: Kind
    channel: Channel
    target: str
    data: dict[str, Any]
    created_at: datetime
    attempts: int


def take_due(connection: Connection, lane: Lane, domains: Sequence[str], limit: int, hold_s: float) -> list[Due]:
    """Due notifications of the lane about these domains, alerts first, held back from other deliverers."""
    if limit <= 0 or not domains:
        return []
    moment = now()
    due = (
        select(_n.id)
        .where(
            _n.state == State.PENDING.value,
            _n.channel == lane.channel.value,
            _n.kind.in_([kind.value for kind in lane.kinds]),
            _n.due_at <= moment,
            _n.domain.in_(list(domains)),
        )
        # 'alert' sorts before 'answer', 'completed' and 'failed'.
        .order_by(_n.kind, _n.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # A CTE runs once; PostgreSQL may run a plain subquery again for each row and so ignore its limit.
        .cte("due")
    )
    rows = connection.execute(
        update(notifications)
        .where(_n.id.in_(select(due.c.id)))
        .values(due_at=moment + timedelta(seconds=hold_s))
        .returning(_n.id, _n.task_id, _n.domain, _n.kind, _n.channel, _n.target, _n.data, _n.created_at, _n.attempts)
    ).all()
    return [
        Due(r.id, r.task_id, r.domain, Kind(r.kind), Channel(r.channel), r.target, r.data, r.created_at, r.attempts)
        for r in sorted(rows, key=lambda row: row.id)
    ]


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt ended. `error` is a stable class of failure, None for success."""

    due: Due
    at: datetime
    duration_ms: int
    status: int | None = None
    error: str | None = None
    final: bool = False  # no further attempt can succeed


def report(connection: Connection, attempt: Attempt, pauses: Sequence[float], *, for_ever: bool) -> State | None:
    """Log the attempt and decide what follows. The new state, or None where the row had ended already.

    `for_ever`: the last pause repeats instead of giving up (our own broker comes back some day).
    """
    bulk_insert(connection, delivery_attempts, [_logged(attempt)])
    values: dict[str, Any] = {"last_error": attempt.error}
    failures = attempt.due.attempts + (1 if attempt.error else 0)
    pause = retry_after(min(failures, len(pauses)) if for_ever else failures, pauses) if attempt.error else None
    if attempt.error is None:
        state = State.DELIVERED
    elif pause is None or attempt.final:
        state = State.UNDELIVERABLE
    else:
        state = State.PENDING
        values["due_at"] = now() + timedelta(seconds=pause)
    values |= {"state": state.value, "attempts": failures}
    values |= {} if state is State.PENDING else {"finished_at": now()}
    changed = connection.execute(
        update(notifications).where(_n.id == attempt.due.id, _n.state == State.PENDING.value).values(values)
    )
    return state if changed.rowcount else None


def _logged(attempt: Attempt) -> dict[str, Any]:
    return {
        "notification_id": attempt.due.id,
        "at": attempt.at,
        "status": attempt.status,
        "error": attempt.error,
        "duration_ms": attempt.duration_ms,
    }


def cancel_calls(connection: Connection, task_id: str, alert_id: str, target: str | None = None) -> None:
    """Calls of an alert that have not got through need not any more; records of what happened still leave."""
    statement = update(notifications).where(
        _n.task_id == task_id, _n.alert_id == alert_id, _n.level.is_not(None), _n.state == State.PENDING.value
    )
    if target is not None:
        statement = statement.where(_n.target == target)
    connection.execute(statement.values(state=State.CANCELLED.value, finished_at=now()))


def disable(connection: Connection, endpoint: str, url_hash: str) -> None:
    """The receiver said 410: nothing goes there until its URL in the contacts file is another one."""
    connection.execute(delete(disabled_endpoints).where(disabled_endpoints.c.id == endpoint))
    bulk_insert(connection, disabled_endpoints, [{"id": endpoint, "url_hash": url_hash, "disabled_at": now()}])


def disabled(connection: Connection, hashes: dict[str, str]) -> set[str]:
    """Which of these endpoints (id → hash of its URL) said 410."""
    d = disabled_endpoints.c
    rows = connection.execute(select(d.id, d.url_hash))
    return {row.id for row in rows if hashes.get(row.id) == row.url_hash}
