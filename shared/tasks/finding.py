"""Keeping what the rules found, before any model is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.engine import Connection

from shared.bulk import among, bulk_insert, keys
from shared.clock import now
from shared.tasks import alerts, timeline
from shared.tasks.alerts import Raised
from shared.tasks.fencing import fenced
from shared.tasks.schema import task_findings
from shared.tasks.states import TimelineKind


@dataclass(frozen=True, slots=True)
class Findings:
    """What the rules said, saved before any model is asked."""

    task_id: str
    fence: int
    run: int
    evaluation: dict[str, Any]
    alerts: list[dict[str, Any]]
    publish_to: str | None = None  # the queue that the domain's results go to, if any


def save_findings(connection: Connection, items: Sequence[Findings]) -> list[bool]:
    """Keep findings and alerts where the caller's status already shows them. False: somebody else owns the task.

    The first attempt of a run says them; a later one changes nothing and raises no alert again.
    """
    moment = now()
    held = fenced(connection, [(i.task_id, i.fence) for i in items], {})
    new = _insert_findings(connection, [item for item in items if item.task_id in held], moment)
    lines = [
        timeline.TimelineLine(i.task_id, TimelineKind.FINDINGS, {"count": len(i.evaluation.get("achados", []))}, moment)
        for i in new
    ]
    timeline.append(connection, lines)
    raised = [Raised(held[i.task_id], i.run, i.alerts, i.publish_to) for i in new if i.alerts]
    alerts.raise_new(connection, raised, moment)
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
