"""the webhook client: tasks that take their turn in a conversation, and are answered with their result

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Only what has not ended holds others back.
_IN_SEQUENCE = sa.text("sequence IS NOT NULL AND finished_at IS NULL")


def upgrade() -> None:
    op.add_column("tasks", sa.Column("sequence", sa.String(length=64), nullable=True))
    op.add_column("tasks", sa.Column("answer_to", sa.String(length=64), nullable=True))
    op.create_index(
        "ix_tasks_sequence",
        "tasks",
        ["tenant", "sequence", "created_at", "id"],
        postgresql_where=_IN_SEQUENCE,
        sqlite_where=_IN_SEQUENCE,
    )


def downgrade() -> None:
    op.drop_index("ix_tasks_sequence", table_name="tasks")
    for name in ("answer_to", "sequence"):
        op.drop_column("tasks", name)
