"""The result itself, for the system that asked to be sent it, as it is called out and as its log is read.

The outbox keeps ids and codes only: the text is read from the task at every attempt, so that what is erased there is
never sent again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import and_, select, update
from sqlalchemy.engine import Connection, Row

from shared.clock import now
from shared.errors import Conflict, NotFound
from shared.notifications.outbox import Kind, State
from shared.notifications.schema import delivery_attempts, notifications
from shared.tasks.schema import task_results, tasks
from shared.tasks.states import TERMINAL, TaskStatus

_t = tasks.c
_r = task_results.c
_n = notifications.c
_d = delivery_attempts.c
_VISIBLE_URL = "/webhook/"

AnswerRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class TaskAnswer:
    """One run of a task, ended. `error` is a stable code. `callback_url`: where the request itself named an address."""

    task_id: str
    conversation_id: str
    status: str
    error: str | None
    result: dict[str, Any]
    callback_url: str | None


def read(connection: Connection, task_id: str, told: dict[str, Any]) -> TaskAnswer:
    """The answer that the notification with the data `told` speaks of."""
    row = connection.execute(
        select(_t.sequence, _t.payload, _r.result)
        .outerjoin(task_results, and_(_r.task_id == _t.id, _r.run == told["run"]))
        .where(_t.id == task_id)
    ).one()
    result = row.result if told["status"] == TaskStatus.COMPLETED else None
    return TaskAnswer(
        task_id=task_id,
        conversation_id=row.sequence or task_id,
        status=told["status"],
        error=told.get("error"),
        result=result or {},
        callback_url=orjson.loads(row.payload).get("callback_url"),
    )


def body(answer: TaskAnswer, max_bytes: int) -> bytes:
    """The JSON of the callback. One that would be larger than `max_bytes` goes without its text."""
    whole = orjson.dumps(_fields(answer))
    return whole if len(whole) <= max_bytes else orjson.dumps(_fields(answer) | {"content": None})


def _fields(answer: TaskAnswer) -> dict[str, Any]:
    return {
        "request_id": answer.task_id,
        "conversation_id": answer.conversation_id,
        "status": answer.status,
        "content": answer.result.get("content"),
        "model": answer.result.get("model"),
        "usage": answer.result.get("usage"),
        "error": {"code": answer.error} if answer.error else None,
        "result_url": _VISIBLE_URL + answer.task_id,
    }


def find(connection: Connection, tenant: str, client: str, domain: str, task_id: str) -> AnswerRow:
    """The task with its newest result. Raises NotFound, also for a request of another client."""
    row = connection.execute(
        select(
            _t.id,
            _t.sequence,
            _t.status,
            _t.run,
            _t.attempts,
            _t.error,
            _t.answer_to,
            _t.created_at,
            _t.started_at,
            _t.finished_at,
            _r.result,
        )
        .outerjoin(task_results, and_(_r.task_id == _t.id, _r.run == _t.run))
        .where(_t.id == task_id, _t.tenant == tenant, _t.client == client, _t.domain == domain)
    ).one_or_none()
    if row is None:
        raise NotFound("pedido desconhecido")
    return row


def calls(connection: Connection, task_id: str) -> list[AnswerRow]:
    """What was to be called out, oldest first: one for each run that ended."""
    chosen = select(_n.id, _n.target, _n.state, _n.attempts, _n.due_at, _n.created_at, _n.finished_at)
    mine = chosen.where(_n.task_id == task_id, _n.kind == Kind.ANSWER.value)
    return list(connection.execute(mine.order_by(_n.created_at, _n.id)))


def attempts(connection: Connection, task_id: str) -> list[AnswerRow]:
    """Every attempt to call it out, oldest first."""
    return list(
        connection.execute(
            select(_d.notification_id, _d.at, _d.status, _d.error, _d.duration_ms)
            .join_from(delivery_attempts, notifications, _d.notification_id == _n.id)
            .where(_n.task_id == task_id, _n.kind == Kind.ANSWER.value)
            .order_by(_d.id)
        )
    )


def resend(connection: Connection, task_id: str) -> str:
    """Call out the newest answer again, now and with its whole schedule, under the id that it always had; that id.

    Raises Conflict while the task has not ended, or where nobody was to be told.
    """
    status = connection.execute(select(_t.status).where(_t.id == task_id)).scalar_one()
    if status not in TERMINAL:
        raise Conflict("o pedido ainda não terminou; a resposta será enviada quando terminar")
    told = calls(connection, task_id)
    if not told:
        raise Conflict("este pedido não tem a quem responder")
    newest: str = told[-1].id
    _make_due(connection, newest, now())
    return newest


def _make_due(connection: Connection, notification_id: str, moment: datetime) -> None:
    connection.execute(
        update(notifications)
        .where(_n.id == notification_id)
        .values(state=State.PENDING.value, due_at=moment, attempts=0, finished_at=None)
    )
