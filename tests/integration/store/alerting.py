"""Short words for what the tests of alerts and notifications do to a store."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Row

from shared.clock import now
from shared.database import Database
from shared.notifications import outbox
from shared.notifications.outbox import Attempt, Channel, Due, Kind, Lane, State
from shared.notifications.schema import alerts, delivery_attempts, notifications
from shared.notifications.slots import Slots
from shared.tasks import alerts as alerting
from shared.tasks import delivering, finding
from shared.tasks.alerts import Escalation
from shared.tasks.claiming import Claimed
from shared.tasks.delivering import Report
from shared.tasks.finding import Findings
from tests.integration.store.rows import TENANT

QUEUE = "eventos.resultados"
CALLBACKS = Lane(Channel.CALLBACK, tuple(Kind))
BROKER = Lane(Channel.BROKER, tuple(Kind))
CHAIN = ["plantonista", "coordenacao", "direcao"]
PLAN = Escalation(lambda _domain: CHAIN, [300.0, 600.0], 1)
PAUSES = (5.0, 300.0)


def alert(number: int = 1, codigo: str = "potassio_critico", descricao: str = "Potássio 7,1 mmol/L.") -> dict[str, Any]:
    return {"id": f"A{number}", "achado": f"A{number}", "codigo": codigo, "descricao": descricao}


def findings(claim: Claimed, *raised: dict[str, Any], publish_to: str | None = None) -> Findings:
    return Findings(claim.task_id, claim.fence, claim.run, {"achados": []}, list(raised), publish_to)


def save(database: Database, *items: Findings) -> list[bool]:
    with database.write() as connection:
        return finding.save_findings(connection, items)


def alert_rows(database: Database, task_id: str) -> list[Row[Any]]:
    with database.read() as connection:
        return list(connection.execute(select(alerts).where(alerts.c.task_id == task_id).order_by(alerts.c.id)))


def notices(database: Database, task_id: str) -> list[Row[Any]]:
    """What the outbox holds about the task, oldest first."""
    n = notifications.c
    with database.read() as connection:
        return list(connection.execute(select(notifications).where(n.task_id == task_id).order_by(n.created_at, n.id)))


def told(database: Database, task_id: str) -> list[tuple[str, str, str]]:
    """(kind, target, state) of each."""
    return [(row.kind, row.target, row.state) for row in notices(database, task_id)]


def call_due(database: Database, plan: Escalation = PLAN, limit: int = 100, domain: str = "eco") -> int:
    with database.write() as connection:
        return alerting.call_due(connection, plan, [domain], limit)


def acknowledge(database: Database, task_id: str, by: str = "CRM-SP 1", alert_id: str = "A1") -> Row[Any]:
    with database.write() as connection:
        return alerting.acknowledge(connection, TENANT, task_id, alert_id, by, None)


def take(
    database: Database, lane: Lane = CALLBACKS, limit: int = 10, hold_s: float = 20.0, domain: str = "eco"
) -> list[Due]:
    """At most `limit` of one receiver: half of the slots."""
    with database.write() as connection:
        return outbox.take_due(connection, lane, [domain], Slots(2 * limit), hold_s)


def report(database: Database, due: Due, error: str | None = None, **values: Any) -> State | None:
    """One attempt's end, as the deliverer writes it."""
    gone = values.pop("gone", None)
    attempt = Attempt(due, now(), 12, error=error, **values)
    with database.write() as connection:
        (state,) = delivering.record(connection, [Report(attempt, PAUSES, gone)])
    return state


def attempts(database: Database, due: Due) -> list[tuple[int | None, str | None]]:
    """(status, error) of each logged attempt."""
    d = delivery_attempts.c
    with database.read() as connection:
        rows = connection.execute(select(d.status, d.error).where(d.notification_id == due.id).order_by(d.id))
        return [(row.status, row.error) for row in rows]
