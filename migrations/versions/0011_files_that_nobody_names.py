"""files that nobody names: noted before an upload is made or removed, so that no crash leaves one for good

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.database import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "file_leftovers",
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("path"),
    )
    op.create_index("ix_file_leftovers_due", "file_leftovers", ["due_at"])


def downgrade() -> None:
    op.drop_table("file_leftovers")
