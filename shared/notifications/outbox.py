"""What must leave the house, from the transaction that makes it true to the attempt that gets it there.

At least once, under one id for good: a receiver that has seen `webhook-id` (or the CloudEvents `id`) has seen it all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection, Row
from uuid_utils import uuid7

from shared.bulk import bulk_insert
from shared.clock import now
from shared.notifications.schedule import retry_after
from shared.notifications.schema import delivery_attempts, disabled_endpoints, notifications
from shared.notifications.slots import Slots

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


def take_due(connection: Connection, lane: Lane, domains: Sequence[str], slots: Slots, hold_s: float) -> list[Due]:
    """Due notifications of the lane about these domains, alerts first, held back from other deliverers.

    As many as `slots` admits: those of a receiver that has its share wait, and hold nobody up.
    """
    taken: list[Due] = []
    while domains and slots.free > 0:
        wanted = slots.free
        found = _lock_due(connection, lane, domains, slots.full(), wanted)
        admitted = [row.id for row in found if slots.admit(row.target)]
        taken += _hold(connection, admitted, hold_s)
        if len(found) < wanted or not admitted:
            break
    return sorted(taken, key=lambda due: due.id)


def _lock_due(
    connection: Connection, lane: Lane, domains: Sequence[str], full: Sequence[str], limit: int
) -> Sequence[Row[str, str]]:
    return connection.execute(
        select(_n.id, _n.target)
        .where(
            _n.state == State.PENDING.value,
            _n.channel == lane.channel.value,
            _n.kind.in_([kind.value for kind in lane.kinds]),
            _n.due_at <= now(),
            _n.domain.in_(list(domains)),
            _n.target.not_in(full),
        )
        # 'alert' sorts before 'answer', 'completed' and 'failed'.
        .order_by(_n.kind, _n.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def _hold(connection: Connection, ids: list[str], hold_s: float) -> list[Due]:
    if not ids:
        return []
    rows = connection.execute(
        update(notifications)
        .where(_n.id.in_(ids))
        .values(due_at=now() + timedelta(seconds=hold_s))
        .returning(_n.id, _n.task_id, _n.domain, _n.kind, _n.channel, _n.target, _n.data, _n.created_at, _n.attempts)
    )
    return [
        Due(r.id, r.task_id, r.domain, Kind(r.kind), Channel(r.channel), r.target, r.data, r.created_at, r.attempts)
        for r in rows
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


@dataclass(frozen=True, slots=True)
class Destination:
    """One address of a registered receiver: its own or, of a prefix, one below it."""

    endpoint: str
    url: str


def disable(connection: Connection, gone: Destination) -> None:
    """The address said 410: nothing goes there any more. Others of the same receiver are none of its business."""
    row = {"id": _key(gone), "url_hash": _digest(gone.url), "disabled_at": now()}
    bulk_insert(connection, disabled_endpoints, [row], ignore_conflicts=True)


def disabled(connection: Connection, asked: Iterable[Destination]) -> set[Destination]:
    """Which of these said 410."""
    by_key = {_key(destination): destination for destination in asked}
    d = disabled_endpoints.c
    return {by_key[key] for key in connection.execute(select(d.id).where(d.id.in_(by_key))).scalars()}


def _key(destination: Destination) -> str:
    return _digest(f"{destination.endpoint}\n{destination.url}")


def _digest(text: str) -> str:
    """Addresses may hold tokens of their owners: the store keeps none of them."""
    return hashlib.sha256(text.encode()).hexdigest()
