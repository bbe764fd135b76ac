"""What a task's own transactions leave in the outbox: for the system that asked (`reply_to`), for `eventos.resultados`.

A notification carries ids, codes and links. Whoever wants more asks the API, where rights are checked. Only where the
request itself asked to be sent the result (`answer_to`) does it follow, read from the task when it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean, Select, bindparam, or_, select
from sqlalchemy.engine import Connection

from shared.bulk import among, keys
from shared.notifications import outbox
from shared.notifications.outbox import Channel, Kind, Notice
from shared.tasks.schema import tasks

_t = tasks.c


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened to a task in its present run. `publish_to`: the queue its domain sends results to, if it does.

    Of kind ANSWER: an end that only those hear of who wait for the result itself (it was cancelled).
    """

    task_id: str
    kind: Kind
    publish_to: str | None
    detail: Mapping[str, Any]  # the status, the code of an error, the alert: nothing of a patient
    alert_id: str | None = None


def announce(connection: Connection, facts: list[Fact], moment: datetime) -> None:
    """Put each fact into the outbox once per receiver; most tasks have none and cost one look at their rows."""
    if not facts:
        return
    dialect = connection.dialect.name
    ids = [(task_id,) for task_id in {fact.task_id for fact in facts}]
    parameters = {"b_all": any(fact.publish_to for fact in facts)} | keys(dialect, ids)
    rows = {row.id: row for row in connection.execute(_receivers(dialect), parameters)}
    outbox.add(
        connection, [n for fact in facts if fact.task_id in rows for n in _notices(fact, rows[fact.task_id])], moment
    )


@lru_cache(maxsize=2)
def _receivers(dialect: str) -> Select[Any]:
    wanted = or_(_t.reply_to.is_not(None), _t.answer_to.is_not(None), bindparam("b_all", type_=Boolean()))
    columns = (_t.id, _t.domain, _t.event, _t.run, _t.reply_to, _t.answer_to)
    return select(*columns).where(among(dialect, (_t.id,)), wanted)


def _notices(fact: Fact, row: Any) -> list[Notice]:
    data = facts_of(fact.task_id, row.domain, row.event, row.run) | dict(fact.detail)
    receivers: list[tuple[Kind, Channel, str | None]] = []
    if fact.kind is not Kind.ANSWER:
        receivers += [(fact.kind, Channel.BROKER, fact.publish_to), (fact.kind, Channel.CALLBACK, row.reply_to)]
    if fact.kind is not Kind.ALERT:
        receivers.append((Kind.ANSWER, Channel.CALLBACK, row.answer_to))
    return [
        Notice(fact.task_id, row.domain, kind, channel, target, data, fact.alert_id)
        for kind, channel, target in receivers
        if target
    ]


def facts_of(task_id: str, domain: str, event: str, run: int) -> dict[str, Any]:
    """What every notification begins with."""
    return {
        "task_id": task_id,
        "domain": domain,
        "event": event,
        "run": run,
        "status_url": f"/api/tasks/{task_id}",
    }


def alert_detail(task_id: str, alert_id: str, codigo: str) -> dict[str, Any]:
    """An alert without its sentence: that one holds the patient's numbers and stays in the house."""
    return {
        "alert": {"id": alert_id, "codigo": codigo, "gravidade": "critico"},
        "ack_url": f"/api/tasks/{task_id}/alerts/{alert_id}/ack",
    }
