"""What callers read of a task: one query, and a cheap one for those who wait."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.engine import Connection, Row

from shared.tasks.acceptance import TaskSource
from shared.tasks.reviews import STANDING_COLUMNS, standing
from shared.tasks.schema import task_findings, task_results, task_reviews, task_sources, tasks

_t = tasks.c

TaskRow = Row[*tuple[Any, ...]]

_VIEW = (
    select(
        _t.id,
        _t.domain,
        _t.event,
        _t.status,
        _t.run,
        _t.version,
        _t.created_at,
        _t.started_at,
        _t.finished_at,
        _t.attempts,
        _t.progress_done,
        _t.progress_total,
        _t.progress_agent,
        _t.degraded,
        _t.error,
        task_findings.c.evaluation,
        task_findings.c.alerts,
        task_results.c.result,
        *STANDING_COLUMNS,
    )
    .outerjoin(task_findings, and_(task_findings.c.task_id == _t.id, task_findings.c.run == _t.run))
    .outerjoin(task_results, and_(task_results.c.task_id == _t.id, task_results.c.run == _t.run))
    .outerjoin(task_reviews, standing(_t.run))
)


def find(connection: Connection, tenant: str, task_id: str, domain: str | None = None) -> TaskRow | None:
    """One task by our id or, within a domain, by the id that a foreign system gave it."""
    if domain is None:
        return connection.execute(_VIEW.where(_t.tenant == tenant, _t.id == task_id)).one_or_none()
    by_name = or_(_t.id == task_id, _t.external_id == task_id)
    return connection.execute(_VIEW.where(_t.tenant == tenant, _t.domain == domain, by_name).limit(1)).one_or_none()


def versions(connection: Connection, ids: Collection[str]) -> dict[str, int]:
    """The version of each task, for everybody who waits for a change, in one query."""
    rows = connection.execute(select(_t.id, _t.version).where(_t.id.in_(list(ids))))
    return {row.id: row.version for row in rows}


def source(connection: Connection, tenant: str, task_id: str) -> TaskSource | None:
    """The document that the task was read from; None where it came as native JSON."""
    s = task_sources.c
    row = connection.execute(
        select(s.media_type, s.body, s.report)
        .join_from(task_sources, tasks, s.task_id == _t.id)
        .where(_t.tenant == tenant, _t.id == task_id)
    ).one_or_none()
    return None if row is None else TaskSource(*row)


def earlier_results(connection: Connection, task_id: str) -> list[dict[str, Any]]:
    """The results of all runs, newest first."""
    r = task_results.c
    rows = connection.execute(
        select(r.run, r.result, r.degraded, r.created_at).where(r.task_id == task_id).order_by(r.run.desc())
    )
    return [dict(row._mapping) for row in rows]
