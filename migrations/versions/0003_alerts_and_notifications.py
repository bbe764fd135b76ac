"""alerts until somebody acknowledges them, and what must leave the house

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PENDING = sa.text("state = 'pending'")
_DUE = sa.text("next_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("task_id", sa.String(length=36), sa.ForeignKey("tasks.id"), nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("achado", sa.String(length=16), nullable=False),
        sa.Column("codigo", sa.Text(), nullable=False),
        sa.Column("descricao", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("level", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=200), nullable=True),
        sa.Column("nota", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("task_id", "id"),
    )
    _list_what_was_raised()
    op.create_index("ix_alerts_next", "alerts", ["next_at"], postgresql_where=_DUE, sqlite_where=_DUE)
    op.create_index("ix_alerts_state", "alerts", ["tenant", "state", "raised_at", "task_id", "id"])

    op.create_table(
        "notifications",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("task_id", sa.String(length=36), sa.ForeignKey("tasks.id"), nullable=False),
        sa.Column("domain", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=256), nullable=False),
        sa.Column("alert_id", sa.String(length=16), nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.String(length=64), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_notifications_due",
        "notifications",
        ["channel", "kind", "due_at"],
        postgresql_where=_PENDING,
        sqlite_where=_PENDING,
    )
    op.create_index("ix_notifications_task", "notifications", ["task_id"])

    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("notification_id", sa.String(length=36), sa.ForeignKey("notifications.id"), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(length=64), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_delivery_attempts_notification", "delivery_attempts", ["notification_id", "id"])

    op.create_table(
        "disabled_endpoints",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("url_hash", sa.String(length=64), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _list_what_was_raised() -> None:
    """Alerts that findings hold already are open ones from now on. Nobody is called for them so late."""
    tasks = sa.table("tasks", *map(sa.column, ("id", "tenant", "domain", "event")))
    findings = sa.table(
        "task_findings",
        *map(sa.column, ("task_id", "run")),
        sa.column("alerts", sa.JSON()),
        sa.column("created_at", UtcDateTime()),
    )
    named = ("task_id", "id", "run", "tenant", "domain", "event", "achado", "codigo", "descricao", "state")
    alerts = sa.table("alerts", *map(sa.column, named), sa.column("raised_at", UtcDateTime()))
    columns = (tasks, findings.c.run, findings.c.alerts, findings.c.created_at)
    kept = (
        sa.select(*columns)
        .join_from(findings, tasks, tasks.c.id == findings.c.task_id)
        .where(sa.cast(findings.c.alerts, sa.Text()) != "[]")
        .order_by(findings.c.task_id, findings.c.run)
    )
    connection = op.get_bind()
    if rows := list(_raised(connection.execute(kept))):
        connection.execute(sa.insert(alerts), rows)


def _raised(kept: sa.CursorResult[Any]) -> Iterator[dict[str, Any]]:
    """A row per fact: what a later run found again is the alert of the first."""
    known: set[tuple[str, str, str]] = set()
    for found in kept:
        for alert in found.alerts:
            fact = (found.id, alert["codigo"], alert["descricao"])
            if fact not in known:
                known.add(fact)
                yield {
                    "task_id": found.id,
                    "id": alert["id"] if found.run == 1 else f"{alert['id']}-r{found.run}",
                    "run": found.run,
                    "tenant": found.tenant,
                    "domain": found.domain,
                    "event": found.event,
                    "achado": alert["achado"],
                    "codigo": alert["codigo"],
                    "descricao": alert["descricao"].replace("\x00", ""),
                    "state": "raised",
                    "raised_at": found.created_at,
                }


def downgrade() -> None:
    for table in ("disabled_endpoints", "delivery_attempts", "notifications", "alerts"):
        op.drop_table(table)
