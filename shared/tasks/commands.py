"""What a person may do to a task: cancel it, or have it done again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from shared.clock import now
from shared.errors import Conflict, NotFound
from shared.notifications.outbox import Kind
from shared.tasks import timeline
from shared.tasks.announcing import ADDRESSED, Fact, announce
from shared.tasks.publishing import Due
from shared.tasks.schema import tasks
from shared.tasks.states import TERMINAL, TaskStatus, TimelineKind

_t = tasks.c


def cancel(connection: Connection, tenant: str, task_id: str) -> TaskStatus:
    """A waiting task ends at once; a running one is asked to stop. Raises NotFound, or Conflict when it ended."""
    moment = now()
    status = _locked(connection, tenant, task_id)
    if status in TERMINAL:
        raise Conflict(f"a tarefa está em '{status}': já terminou; não há o que cancelar")
    if status is TaskStatus.RUNNING:
        connection.execute(update(tasks).where(_t.id == task_id).values(cancel_requested=True, version=_t.version + 1))
        timeline.append_same(connection, [task_id], TimelineKind.CANCEL_REQUESTED, moment, {})
        return TaskStatus.RUNNING
    stopped = connection.execute(
        update(tasks)
        .where(_t.id == task_id)
        .values(
            status=TaskStatus.CANCELLED.value,
            finished_at=moment,
            publish_at=None,
            not_before=None,
            waits_for=None,
            version=_t.version + 1,
        )
        .returning(*ADDRESSED)
    ).one()
    timeline.append_same(connection, [task_id], TimelineKind.CANCELLED, moment, {})
    detail = {"status": TaskStatus.CANCELLED.value, "error": None}
    announce(connection, [Fact(task_id, Kind.ANSWER, None, detail)], {task_id: stopped}, moment)
    return TaskStatus.CANCELLED


def replay(connection: Connection, tenant: str, task_id: str, publish_at: datetime) -> Due:
    """Do a finished task again as its next run; the earlier result stays readable. Returns what to publish.

    Raises NotFound, or Conflict when the task has not ended.
    """
    moment = now()
    status = _locked(connection, tenant, task_id)
    if status not in TERMINAL:
        raise Conflict(f"a tarefa está em '{status}': ainda não terminou; cancele antes de repetir")
    again = connection.execute(
        update(tasks)
        .where(_t.id == task_id)
        .values(
            status=TaskStatus.PENDING.value,
            run=_t.run + 1,
            fence=_t.fence + 1,
            version=_t.version + 1,
            attempts=0,
            deaths=0,
            publications=0,
            started_at=None,
            finished_at=None,
            publish_at=publish_at,
            cancel_requested=False,
            progress_done=0,
            progress_total=0,
            progress_agent=None,
            degraded=False,
            error=None,
        )
        .returning(_t.run, _t.domain, _t.event, _t.traceparent, _t.fence)
    ).one()
    timeline.append_same(connection, [task_id], TimelineKind.REPLAYED, moment, {"run": again.run})
    return Due(task_id, again.domain, again.event, 1, again.traceparent, again.fence)


def _locked(connection: Connection, tenant: str, task_id: str) -> TaskStatus:
    """How the task stands; nobody changes it before this transaction ends. Raises NotFound.

    Without the lock an attempt that is just being settled is neither running nor waiting to whoever asks twice.
    """
    statement = select(_t.status).where(_t.id == task_id, _t.tenant == tenant).with_for_update(key_share=True)
    status = connection.execute(statement).scalar_one_or_none()
    if status is None:
        raise NotFound("tarefa desconhecida")
    return TaskStatus(status)
