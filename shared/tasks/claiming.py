"""Claim: how a worker takes a task's row.

The message is a hint, the row is the truth. A claim takes a lease and a higher fence; whoever writes later must still
hold that fence (`shared.tasks.fencing`), so a second delivery or a worker believed dead has no second effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, bindparam, case, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import ReturningUpdate

from shared.bulk import among, keys
from shared.clock import now
from shared.database import UtcDateTime
from shared.tasks import timeline
from shared.tasks.schema import tasks
from shared.tasks.states import TERMINAL, TaskStatus, TimelineKind

_t = tasks.c


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    task_id: str
    domain: str  # a message that strayed into another domain's vhost must not be worked on there
    owner: str
    lease_s: float


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a worker needs to work. `fence` must come back with every later write."""

    task_id: str
    fence: int
    run: int
    attempts: int
    deaths: int
    domain: str
    event: str
    payload: str
    created_at: datetime


class Refusal(StrEnum):
    UNKNOWN = "unknown"  # no such row
    TERMINAL = "terminal"  # already done
    LEASED = "leased"  # another owner's lease lives
    NOT_DUE = "not_due"  # its back-off is not over


def claim(connection: Connection, items: Sequence[ClaimRequest]) -> list[Claimed | Refusal]:
    """Take every claimable task of the batch; doubled messages in one batch get one claim."""
    moment = now()
    wanted = {item.task_id: item for item in reversed(items)}
    some = items[0]
    dialect = connection.dialect.name
    rows = connection.execute(
        _claim_statement(dialect),
        {
            "b_moment": moment,
            "b_owner": some.owner,
            "b_domain": some.domain,
            "b_lease_until": moment + timedelta(seconds=some.lease_s),
            **keys(dialect, [(task_id,) for task_id in wanted]),
        },
    ).all()
    claimed = {row.id: Claimed(*row) for row in rows}
    timeline.append_same(connection, claimed, TimelineKind.CLAIMED, moment, {"worker": some.owner})
    refused = _why_refused(connection, [task_id for task_id in wanted if task_id not in claimed])
    return [
        claimed.pop(item.task_id) if item.task_id in claimed else refused.get(item.task_id, Refusal.LEASED)
        for item in items
    ]


@lru_cache(maxsize=2)
def _claim_statement(dialect: str) -> ReturningUpdate[Any]:
    moment = bindparam("b_moment", type_=UtcDateTime())
    claimable = or_(
        _t.status.in_([TaskStatus.PENDING.value, TaskStatus.QUEUED.value]),
        and_(_t.status == TaskStatus.RETRYING.value, _t.not_before <= moment),
        and_(_t.status == TaskStatus.RUNNING.value, _t.lease_until < moment),
    )
    return (
        update(tasks)
        .where(among(dialect, (_t.id,)), _t.domain == bindparam("b_domain"), claimable)
        .values(
            deaths=_t.deaths + case((_t.status == TaskStatus.RUNNING.value, 1), else_=0),
            status=TaskStatus.RUNNING.value,
            fence=_t.fence + 1,
            version=_t.version + 1,
            owner=bindparam("b_owner"),
            lease_until=bindparam("b_lease_until", type_=UtcDateTime()),
            started_at=case((_t.started_at.is_(None), moment), else_=_t.started_at),
            publish_at=None,
            not_before=None,
        )
        .returning(_t.id, _t.fence, _t.run, _t.attempts, _t.deaths, _t.domain, _t.event, _t.payload, _t.created_at)
    )


def _why_refused(connection: Connection, ids: list[str]) -> dict[str, Refusal]:
    if not ids:
        return {}
    statuses = {row.id: row.status for row in connection.execute(select(_t.id, _t.status).where(_t.id.in_(ids)))}
    reasons = {TaskStatus.RUNNING.value: Refusal.LEASED, TaskStatus.RETRYING.value: Refusal.NOT_DUE}
    reasons |= {status.value: Refusal.TERMINAL for status in TERMINAL}
    early = [task_id for task_id, status in statuses.items() if status == TaskStatus.RETRYING.value]
    if early:
        # Its message is used up: without this a clock that runs behind would cost the whole rebuild interval.
        connection.execute(update(tasks).where(_t.id.in_(early)).values(publish_at=_t.not_before))
    return {i: reasons.get(statuses[i], Refusal.LEASED) if i in statuses else Refusal.UNKNOWN for i in ids}
