"""Claim and settle: how a task's row moves while a worker has it.

The message is a hint, the row is the truth. A claim takes a lease and a higher fence; whoever settles must
still hold that fence, so a second delivery or a worker believed dead has no second effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import ReturningUpdate

from shared.bulk import among, bulk_insert, keys
from shared.clock import now
from shared.database import UtcDateTime
from shared.tasks import timeline
from shared.tasks.schema import task_findings, task_results, tasks
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


@dataclass(frozen=True, slots=True)
class Findings:
    """What the rules said, saved before any model is asked."""

    task_id: str
    fence: int
    run: int
    evaluation: dict[str, Any]
    alerts: list[dict[str, Any]]


def save_findings(connection: Connection, items: Sequence[Findings]) -> list[bool]:
    """Keep findings and alerts where the caller's status already shows them. False: somebody else owns the task.

    The first attempt of a run says them; a later one changes nothing and raises no alert again.
    """
    moment = now()
    held = _fenced(connection, [(i.task_id, i.fence) for i in items], {})
    new = _insert_findings(connection, [item for item in items if item.task_id in held], moment)
    lines = [
        timeline.TimelineLine(i.task_id, TimelineKind.FINDINGS, {"count": len(i.evaluation.get("achados", []))}, moment)
        for i in new
    ]
    lines += [
        timeline.TimelineLine(i.task_id, TimelineKind.ALERT, {"id": alert["id"], "codigo": alert["codigo"]}, moment)
        for i in new
        for alert in i.alerts
    ]
    timeline.append(connection, lines)
    return [item.task_id in held for item in items]


@lru_cache(maxsize=2)
def _known_findings(dialect: str) -> Select[Any]:
    f = task_findings.c
    return select(f.task_id, f.run).where(among(dialect, (f.task_id, f.run)))


def _insert_findings(connection: Connection, items: list[Findings], moment: datetime) -> list[Findings]:
    """Those whose run had no findings yet; the caller holds their fences, so nobody else inserts meanwhile."""
    if not items:
        return []
    dialect = connection.dialect.name
    wanted = [(item.task_id, item.run) for item in items]
    known = {tuple(row) for row in connection.execute(_known_findings(dialect), keys(dialect, wanted))}
    fresh = [item for item in items if (item.task_id, item.run) not in known]
    rows = [
        {"task_id": i.task_id, "run": i.run, "evaluation": i.evaluation, "alerts": i.alerts, "created_at": moment}
        for i in fresh
    ]
    bulk_insert(connection, task_findings, rows)
    return fresh


@dataclass(frozen=True, slots=True)
class Completed:
    task_id: str
    fence: int
    run: int
    result: dict[str, Any]
    degraded: bool = False
    error: dict[str, Any] | None = None  # why it is degraded


@dataclass(frozen=True, slots=True)
class NotCompleted:
    """Any other end of an attempt. `counts` names the counter that grows, if one does."""

    task_id: str
    fence: int
    status: TaskStatus
    error: dict[str, Any] | None = None
    due_at: datetime | None = None
    counts: str | None = None  # "attempts" | "deaths"
    line: TimelineKind = TimelineKind.RETRY
    data: dict[str, Any] = field(default_factory=dict)


Settlement = Completed | NotCompleted


def settle(connection: Connection, items: Sequence[Settlement]) -> list[bool]:
    """End attempts. False where the fence was lost: the work is discarded quietly, its new owner decides."""
    moment = now()
    held = _complete(connection, [i for i in items if isinstance(i, Completed)], moment)
    held |= {i.task_id for i in items if isinstance(i, NotCompleted) and _end(connection, i, moment)}
    return [item.task_id in held for item in items]


def _complete(connection: Connection, items: list[Completed], moment: datetime) -> set[str]:
    whole = [(item.task_id, item.fence) for item in items if not item.degraded]
    held = _fenced(connection, whole, _terminal_values(TaskStatus.COMPLETED, moment) | {"error": None})
    for item in items:
        if item.degraded:
            values = _terminal_values(TaskStatus.COMPLETED, moment) | {"degraded": True, "error": item.error}
            held |= _fenced(connection, [(item.task_id, item.fence)], values)
    mine = [item for item in items if item.task_id in held]
    if mine:
        rows = [
            {"task_id": i.task_id, "run": i.run, "result": i.result, "degraded": i.degraded, "created_at": moment}
            for i in mine
        ]
        bulk_insert(connection, task_results, rows)
        lines = [
            timeline.TimelineLine(i.task_id, TimelineKind.COMPLETED, {"degraded": i.degraded}, moment) for i in mine
        ]
        timeline.append(connection, lines)
    return held


def _end(connection: Connection, item: NotCompleted, moment: datetime) -> bool:
    values: dict[str, Any] = {"error": item.error}
    if item.status in TERMINAL:
        values |= _terminal_values(item.status, moment)
    else:
        values |= {"status": item.status.value, "publish_at": item.due_at, "not_before": item.due_at}
        values |= {"owner": None, "lease_until": None}
    if not _fenced(connection, [(item.task_id, item.fence)], values, item.counts):
        return False
    timeline.append(connection, [timeline.TimelineLine(item.task_id, item.line, item.data, moment)])
    return True


def _terminal_values(status: TaskStatus, moment: datetime) -> dict[str, Any]:
    return {
        "status": status.value,
        "finished_at": moment,
        "owner": None,
        "lease_until": None,
        "publish_at": None,
        "not_before": None,
    }


def _fenced(
    connection: Connection, pairs: list[tuple[str, int]], values: dict[str, Any], counts: str | None = None
) -> set[str]:
    """Apply the same values to every running row whose (id, fence) is still ours; the ids that were."""
    if not pairs:
        return set()
    dialect = connection.dialect.name
    parameters = {f"b_{name}": value for name, value in values.items()}
    statement = _fenced_update(dialect, tuple(values), counts)
    return set(connection.execute(statement, parameters | keys(dialect, pairs)).scalars())


@lru_cache(maxsize=32)
def _fenced_update(dialect: str, names: tuple[str, ...], counts: str | None) -> ReturningUpdate[Any]:
    assigned: dict[str, Any] = {name: bindparam(f"b_{name}", type_=_t[name].type) for name in names}
    if counts:
        assigned[counts] = _t[counts] + 1
    return (
        update(tasks)
        .where(among(dialect, (_t.id, _t.fence)), _t.status == TaskStatus.RUNNING.value)
        .values(version=_t.version + 1, **assigned)
        .returning(_t.id)
    )


@dataclass(frozen=True, slots=True)
class Progress:
    task_id: str
    fence: int
    done: int
    total: int
    agent: str


def report_progress(connection: Connection, items: Sequence[Progress]) -> list[None]:
    """Only the newest progress of each task in the batch is written."""
    for item in {item.task_id: item for item in items}.values():
        values = {"progress_done": item.done, "progress_total": item.total, "progress_agent": item.agent}
        _fenced(connection, [(item.task_id, item.fence)], values)
    return [None] * len(items)
