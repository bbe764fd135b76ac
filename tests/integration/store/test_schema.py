"""The tables that the code declares are the tables that the migrations make; what older ones held is still there."""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import insert
from sqlalchemy.engine import Connection

from shared import clock
from shared.database import Database
from shared.tasks import alerts
from shared.tasks.alerts import AlertState
from shared.tasks.schema import task_findings
from tests.integration.store.rows import TENANT, accepted
from tests.platform import ROOT

BEFORE_ALERTS = "0002"


def alembic_on(connection: Connection) -> Config:
    config = Config(ROOT / "alembic.ini")
    config.attributes["connection"] = connection
    return config


def test_migrations_end_where_the_declared_tables_stand(database: Database) -> None:
    with database.write() as connection:
        command.check(alembic_on(connection))  # raises when a migration is missing


def found(task_id: str, run: int, *codes: str) -> dict[str, Any]:
    raised = [
        {"id": f"A{number}", "achado": f"A{number}", "codigo": code, "descricao": f"{code}.", "em": "2026-11-20T08:00Z"}
        for number, code in enumerate(codes, 1)
    ]
    return {"task_id": task_id, "run": run, "evaluation": {}, "alerts": raised, "created_at": clock.now()}


def test_alerts_that_were_raised_before_they_had_a_table_are_open_and_call_nobody(database_url: str) -> None:
    database = Database(database_url)
    task_id, calm = accepted(database), accepted(database)
    rows = [
        found(task_id, 1, "critico_plaquetas"),
        found(task_id, 2, "critico_plaquetas", "news2_alto"),
        found(calm, 1),
    ]
    with database.write() as connection:
        connection.execute(insert(task_findings), rows)
        command.downgrade(alembic_on(connection), BEFORE_ALERTS)
    with database.write() as connection:
        command.upgrade(alembic_on(connection), "head")
    with database.read() as connection:
        listed = alerts.page(connection, TENANT, AlertState.RAISED, None, 10)
    database.close()
    assert [(row.task_id, row.id, row.run, row.codigo, row.level, row.next_at) for row in listed] == [
        (task_id, "A1", 1, "critico_plaquetas", 0, None),
        (task_id, "A2-r2", 2, "news2_alto", 0, None),
    ]
