"""whose task it is, where it came from, what overtakes

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.database import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BLIND = ("patient_cpf", "patient_cns", "patient_record")


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def upgrade() -> None:
    # Plain ALTER TABLE does on both databases; a batch would copy every task on SQLite.
    for name in _BLIND:
        op.add_column("tasks", sa.Column(name, sa.String(length=32), nullable=True))
    op.add_column("tasks", sa.Column("occurred_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE tasks SET occurred_at = created_at")
    op.add_column("tasks", sa.Column("urgent", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("tasks", sa.Column("runs_after", sa.String(length=256), nullable=True))
    op.add_column("tasks", sa.Column("waits_for", sa.String(length=36), nullable=True))
    for name in _BLIND:
        op.create_index(
            f"ix_tasks_{name}", "tasks", ["tenant", name, "occurred_at", "id"], **_where(f"{name} IS NOT NULL")
        )
    op.create_index(
        "ix_tasks_urgent", "tasks", ["domain", "created_at", "id"], **_where("urgent AND finished_at IS NULL")
    )
    op.create_index("ix_tasks_waits_for", "tasks", ["waits_for"], **_where("waits_for IS NOT NULL"))
    op.create_table(
        "task_sources",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("media_type", sa.String(length=128), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"]),
        sa.PrimaryKeyConstraint("task_id"),
    )


def downgrade() -> None:
    op.drop_table("task_sources")
    for name in ("urgent", "waits_for", *_BLIND):
        op.drop_index(f"ix_tasks_{name}", table_name="tasks")
    for name in ("waits_for", "runs_after", "urgent", "occurred_at", *_BLIND):
        op.drop_column("tasks", name)
