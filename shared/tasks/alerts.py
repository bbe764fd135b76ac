"""The life of an alert: raised with the findings, called out to the next contact, acknowledged by a named person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select, tuple_, update
from sqlalchemy.engine import Connection, Row

from shared.bulk import bulk_insert
from shared.clock import now
from shared.errors import Conflict, NotFound
from shared.notifications import outbox
from shared.notifications.outbox import Channel, Kind, Notice
from shared.notifications.schedule import contact_at, pause_after
from shared.notifications.schema import alerts
from shared.tasks import timeline
from shared.tasks.announcing import AddressedTask, Fact, alert_detail, announce, facts_of
from shared.tasks.schema import tasks
from shared.tasks.states import TimelineKind

_a = alerts.c
_t = tasks.c
_NUL = "\x00"

AlertRow = Row[*tuple[Any, ...]]


class AlertState(StrEnum):
    RAISED = "raised"  # nobody has answered yet
    ACKNOWLEDGED = "acknowledged"  # a named person has


@dataclass(frozen=True, slots=True)
class Raised:
    """The alerts of one run of a task as its findings raised them."""

    task: AddressedTask
    run: int
    alerts: list[dict[str, Any]]
    publish_to: str | None


def raise_new(connection: Connection, items: Sequence[Raised], moment: datetime) -> None:
    """Keep, announce and date what was not raised before, in the transaction that keeps the findings.

    A later run that finds the same again (same code, same sentence) raises nothing: it is the same fact.
    """
    if not items:
        return
    known = _known(connection, [item.task.id for item in items if item.run > 1])
    rows = [
        _row(item, alert, moment)
        for item in items
        for alert in item.alerts
        if (item.task.id, alert["codigo"], _text(alert["descricao"])) not in known
    ]
    bulk_insert(connection, alerts, rows)
    timeline.append(connection, [_line(row, moment) for row in rows])
    queues = {item.task.id: item.publish_to for item in items}
    told = {item.task.id: item.task for item in items}
    announce(connection, [_fact(row, queues[row["task_id"]]) for row in rows], told, moment)


def _known(connection: Connection, ids: list[str]) -> set[tuple[str, str, str]]:
    if not ids:
        return set()
    rows = connection.execute(select(_a.task_id, _a.codigo, _a.descricao).where(_a.task_id.in_(ids)))
    return {(row.task_id, row.codigo, row.descricao) for row in rows}


def _row(item: Raised, alert: dict[str, Any], moment: datetime) -> dict[str, Any]:
    task = item.task
    return {
        "task_id": task.id,
        "id": alert["id"] if item.run == 1 else f"{alert['id']}-r{item.run}",
        "run": item.run,
        "tenant": task.tenant,
        "domain": task.domain,
        "event": task.event,
        "achado": alert["achado"],
        "codigo": alert["codigo"],
        "descricao": _text(alert["descricao"]),
        "state": AlertState.RAISED.value,
        "raised_at": moment,
        "next_at": moment,
    }


def _text(text: str) -> str:
    """PostgreSQL keeps no NUL in a text, and an alert must not be lost for one."""
    return text.replace(_NUL, "")


def _line(row: dict[str, Any], moment: datetime) -> timeline.TimelineLine:
    data = {"id": row["id"], "codigo": row["codigo"]}
    return timeline.TimelineLine(row["task_id"], TimelineKind.ALERT, data, moment)


def _fact(row: dict[str, Any], publish_to: str | None) -> Fact:
    detail = alert_detail(row["task_id"], row["id"], row["codigo"])
    return Fact(row["task_id"], Kind.ALERT, publish_to, detail, row["id"])


# --- calling ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who is called for a domain's alerts, and how long each has to answer, in seconds."""

    chain: Callable[[str], list[str]]
    pauses: Sequence[float]
    rounds: int


def call_due(connection: Connection, plan: Escalation, domains: Sequence[str], limit: int) -> int:
    """Call the next contact for every alert of these domains whose time has come; how many alerts that were.

    Calls are due at fixed distances from the moment of raising, whether or not a delivery gets through. After a time
    without any deliverer nobody is skipped: the next contact is called at once and has the full pause to answer.
    """
    moment = now()
    due = connection.execute(
        select(_a.task_id, _a.id, _a.run, _a.domain, _a.event, _a.codigo, _a.level, _a.next_at)
        .where(_a.next_at <= moment, _a.state == AlertState.RAISED.value, _a.domain.in_(list(domains)))
        .order_by(_a.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    called = {alert.task_id for alert in due if _call(connection, plan, alert, moment)}
    if called:
        _touch(connection, called)
    return len(due)


def _call(connection: Connection, plan: Escalation, alert: AlertRow, moment: datetime) -> bool:
    """False where the domain has nobody to call."""
    here = (_a.task_id == alert.task_id, _a.id == alert.id)
    chain = plan.chain(alert.domain)
    if not chain:
        connection.execute(update(alerts).where(*here).values(next_at=None))
        return False
    contact = contact_at(chain, alert.level, plan.rounds)
    # An earlier call to the same contact that did not get through is superseded, not repeated beside this one.
    outbox.cancel_calls(connection, alert.task_id, alert.id, contact)
    data = facts_of(alert.task_id, alert.domain, alert.event, alert.run)
    data |= alert_detail(alert.task_id, alert.id, alert.codigo) | {"nivel": alert.level + 1}
    notice = Notice(alert.task_id, alert.domain, Kind.ALERT, Channel.CALLBACK, contact, data, alert.id, alert.level + 1)
    outbox.add(connection, [notice], moment)
    pause = timedelta(seconds=pause_after(alert.level, plan.pauses))
    following = alert.next_at + pause
    following = following if following > moment else moment + pause
    connection.execute(update(alerts).where(*here).values(level=alert.level + 1, next_at=following))
    if alert.level:
        line = {"id": alert.id, "nivel": alert.level + 1, "contato": contact}
        timeline.append_same(connection, [alert.task_id], TimelineKind.ESCALATED, moment, line)
    return True


# --- answering ----------------------------------------------------------------------------------------------


def acknowledge(
    connection: Connection, tenant: str, task_id: str, alert_id: str, by: str, nota: str | None
) -> AlertRow:
    """A named person takes the alert: nobody further is called. Repeated by the same person, it changes nothing.

    Raises NotFound, or Conflict when another person was first.
    """
    moment = now()
    here = (_a.task_id == task_id, _a.id == alert_id, _a.tenant == tenant)
    taken = connection.execute(
        update(alerts)
        .where(*here, _a.state == AlertState.RAISED.value)
        .values(
            state=AlertState.ACKNOWLEDGED.value, next_at=None, acknowledged_at=moment, acknowledged_by=by, nota=nota
        )
    )
    if taken.rowcount:
        outbox.cancel_calls(connection, task_id, alert_id)
        timeline.append_same(connection, [task_id], TimelineKind.ACKNOWLEDGED, moment, {"id": alert_id})
        _touch(connection, {task_id})
    alert = connection.execute(select(alerts).where(*here)).one_or_none()
    if alert is None:
        raise NotFound("alerta desconhecido")
    if alert.acknowledged_by != by:
        raise Conflict("outra pessoa já reconheceu este alerta")
    return alert


def _touch(connection: Connection, ids: set[str]) -> None:
    """Whoever waits for a change of these tasks sees this one."""
    connection.execute(update(tasks).where(_t.id.in_(sorted(ids))).values(version=_t.version + 1))


# --- reading ------------------------------------------------------------------------------------------------


def of_task(connection: Connection, task_id: str) -> list[AlertRow]:
    """Every alert of the task, of all its runs, as they were raised."""
    return list(connection.execute(select(alerts).where(_a.task_id == task_id).order_by(_a.raised_at, _a.id)))


def page(
    connection: Connection,
    tenant: str,
    state: AlertState,
    after: tuple[datetime, str, str] | None,
    limit: int,
    domain: str | None = None,
) -> list[AlertRow]:
    """Oldest first; `after` is the (raised_at, task_id, id) of the last row already seen."""
    statement = select(alerts).where(_a.tenant == tenant, _a.state == state.value)
    if domain is not None:
        statement = statement.where(_a.domain == domain)
    if after is not None:
        statement = statement.where(tuple_(_a.raised_at, _a.task_id, _a.id) > after)
    return list(connection.execute(statement.order_by(_a.raised_at, _a.task_id, _a.id).limit(limit)))
