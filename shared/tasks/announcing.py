"""What a task's own transactions leave in the outbox: for the system that asked (`reply_to`), for `eventos.resultados`.

A notification carries ids, codes and links. Whoever wants more asks the API, where rights are checked. Only where the
request itself asked to be sent the result (`answer_to`) does it follow, read from the task when it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection, Row

from shared.notifications import outbox
from shared.notifications.outbox import Channel, Kind, Notice
from shared.tasks.schema import tasks

_t = tasks.c

ADDRESSED = (_t.id, _t.tenant, _t.domain, _t.event, _t.run, _t.reply_to, _t.answer_to)
"""What must be known of a task to tell anybody of it; whoever changes its row has it returned with the change."""

AddressedTask = Row[*tuple[Any, ...]]


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


def announce(
    connection: Connection, facts: Iterable[Fact], told: Mapping[str, AddressedTask], moment: datetime
) -> None:
    """Put each fact into the outbox once per receiver. `told` has the task of every fact by its id."""
    outbox.add(connection, [notice for fact in facts for notice in _notices(fact, told[fact.task_id])], moment)


def _notices(fact: Fact, row: AddressedTask) -> list[Notice]:
    receivers: list[tuple[Kind, Channel, str | None]] = []
    if fact.kind is not Kind.ANSWER:
        receivers += [(fact.kind, Channel.BROKER, fact.publish_to), (fact.kind, Channel.CALLBACK, row.reply_to)]
    if fact.kind is not Kind.ALERT:
        receivers.append((Kind.ANSWER, Channel.CALLBACK, row.answer_to))
    data = facts_of(fact.task_id, row.domain, row.event, row.run) | dict(fact.detail)
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
