"""One run of a task with all that its chart needs: what was asked, found, written, decided."""

from __future__ import annotations

from sqlalchemy import and_, literal, select
from sqlalchemy.engine import Connection

from shared.tasks.reading import TaskRow
from shared.tasks.reviews import STANDING_COLUMNS, standing
from shared.tasks.schema import task_findings, task_results, task_reviews, tasks

_t = tasks.c


def find(connection: Connection, tenant: str, task_id: str, run: int | None = None) -> TaskRow | None:
    """The task beside one of its runs (the current one by default); `result` is None where that run has none."""
    wanted = _t.run if run is None else literal(run)
    statement = (
        select(
            _t.id,
            _t.domain,
            _t.event,
            _t.payload,
            _t.status,
            _t.version,
            _t.error,
            _t.created_at,
            _t.run.label("current_run"),
            wanted.label("run"),
            task_results.c.result,
            task_results.c.degraded,
            task_results.c.created_at.label("result_at"),
            task_findings.c.evaluation,
            task_findings.c.alerts,
            *STANDING_COLUMNS,
        )
        .outerjoin(task_results, and_(task_results.c.task_id == _t.id, task_results.c.run == wanted))
        .outerjoin(task_findings, and_(task_findings.c.task_id == _t.id, task_findings.c.run == wanted))
        .outerjoin(task_reviews, standing(wanted))
        .where(_t.tenant == tenant, _t.id == task_id)
    )
    return connection.execute(statement).one_or_none()
