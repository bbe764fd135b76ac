"""files in a chat: what was attached to a message

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_WITH_FILES = sa.text("attachments IS NOT NULL")


def upgrade() -> None:
    op.add_column("conversation_messages", sa.Column("attachments", sa.JSON(), nullable=True))
    op.create_index(
        "ix_conversation_messages_files",
        "conversation_messages",
        ["conversation_id"],
        postgresql_where=_WITH_FILES,
        sqlite_where=_WITH_FILES,
    )


def downgrade() -> None:
    op.drop_index("ix_conversation_messages_files", table_name="conversation_messages")
    op.drop_column("conversation_messages", "attachments")
