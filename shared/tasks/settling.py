"""Settle: how an attempt ends, and what is reported on the way there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from shared.bulk import bulk_insert
from shared.clock import now
from shared.notifications.outbox import Kind
from shared.tasks import timeline
from shared.tasks.announcing import AddressedTask, Fact, announce
from shared.tasks.fencing import fenced
from shared.tasks.schema import task_results
from shared.tasks.states import TERMINAL, TaskStatus, TimelineKind


@dataclass(frozen=True, slots=True)
class Completed:
    """An attempt that ends its task with a result. `effect` is what else becomes true with it, in one transaction."""

    task_id: str
    fence: int
    run: int
    result: dict[str, Any]
    degraded: bool = False
    error: dict[str, Any] | None = None  # why it is degraded
    publish_to: str | None = None  # the queue that the domain's results go to, if any
    effect: Callable[[Connection], None] | None = None


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
    publish_to: str | None = None


Settlement = Completed | NotCompleted


def settle(connection: Connection, items: Sequence[Settlement]) -> list[bool]:
    """End attempts. False where the fence was lost: the work is discarded quietly, its new owner decides."""
    moment = now()
    held = _complete(connection, [i for i in items if isinstance(i, Completed)], moment)
    for item in items:
        if isinstance(item, NotCompleted):
            held |= _end(connection, item, moment)
    announce(connection, [_fact(i) for i in items if i.task_id in held and _is_news(i)], held, moment)
    return [item.task_id in held for item in items]


def _is_news(item: Settlement) -> bool:
    return isinstance(item, Completed) or item.status in TERMINAL


def _fact(item: Settlement) -> Fact:
    """What its receivers are told: how it ended, by code; the result is read from the API."""
    if isinstance(item, Completed):
        detail = {"status": TaskStatus.COMPLETED.value, "degraded": item.degraded}
        return Fact(item.task_id, Kind.COMPLETED, item.publish_to, detail)
    detail = {"status": item.status.value, "error": (item.error or {}).get("code")}
    kind = Kind.FAILED if item.status is TaskStatus.FAILED else Kind.ANSWER
    return Fact(item.task_id, kind, item.publish_to, detail)


def _complete(connection: Connection, items: list[Completed], moment: datetime) -> dict[str, AddressedTask]:
    whole = [(item.task_id, item.fence) for item in items if not item.degraded]
    held = fenced(connection, whole, _terminal_values(TaskStatus.COMPLETED, moment) | {"error": None})
    for item in items:
        if item.degraded:
            values = _terminal_values(TaskStatus.COMPLETED, moment) | {"degraded": True, "error": item.error}
            held |= fenced(connection, [(item.task_id, item.fence)], values)
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
        for item in mine:
            if item.effect is not None:
                item.effect(connection)
    return held


def _end(connection: Connection, item: NotCompleted, moment: datetime) -> dict[str, AddressedTask]:
    values: dict[str, Any] = {"error": item.error}
    if item.status in TERMINAL:
        values |= _terminal_values(item.status, moment)
    else:
        values |= {"status": item.status.value, "publish_at": item.due_at, "not_before": item.due_at}
        values |= {"owner": None, "lease_until": None}
    held = fenced(connection, [(item.task_id, item.fence)], values, item.counts)
    timeline.append(connection, [timeline.TimelineLine(task_id, item.line, item.data, moment) for task_id in held])
    return held


def _terminal_values(status: TaskStatus, moment: datetime) -> dict[str, Any]:
    return {
        "status": status.value,
        "finished_at": moment,
        "owner": None,
        "lease_until": None,
        "publish_at": None,
        "not_before": None,
    }


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
        fenced(connection, [(item.task_id, item.fence)], values)
    return [None] * len(items)
