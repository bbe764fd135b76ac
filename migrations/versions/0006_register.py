"""the register of patients and physicians, and what each row of a file became

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.database import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ID = sa.String(length=36).with_variant(sa.Uuid(), "postgresql")
_HEX128 = sa.String(length=32).with_variant(sa.Uuid(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "patients",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("social_name", sa.Text(), nullable=True),
        sa.Column("mother_name", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("sex", sa.String(length=1), nullable=True),
        sa.Column("cpf", sa.String(length=11), nullable=True),
        sa.Column("cns", sa.String(length=15), nullable=True),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("extra", sa.JSON(), nullable=True),
        sa.Column("block_name", sa.BigInteger(), nullable=True),
        sa.Column("block_mother", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("merged_into", _ID, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for block in ("block_name", "block_mother"):
        for name, held in (("cpf", sa.text("cpf IS NOT NULL")), ("no_cpf", sa.text("cpf IS NULL"))):
            index = f"ix_patients_{block}_{name}"
            op.create_index(index, "patients", [block, "id"], postgresql_where=held, sqlite_where=held)

    op.create_table(
        "physicians",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("crm", sa.String(length=16), nullable=True),
        sa.Column("uf", sa.String(length=2), nullable=True),
        sa.Column("cpf", sa.String(length=11), nullable=True),
        sa.Column("cns", sa.String(length=15), nullable=True),
        sa.Column("extra", sa.JSON(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("merged_into", _ID, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )

    op.create_table(
        "register_identifiers",
        sa.Column("blind", _HEX128, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("person", _ID, nullable=False),
        sa.PrimaryKeyConstraint("blind", "kind"),
    )

    op.create_table(
        "register_history",
        sa.Column("person", _ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("image", sa.JSON(), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person", "version"),
    )

    op.create_table(
        "ingestions",
        sa.Column("id", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("options", sa.String(length=64), nullable=False),
        sa.Column("first_task", sa.String(length=36), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("next_byte", sa.BigInteger(), nullable=False),
        sa.Column("next_line", sa.BigInteger(), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("touched_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ux_ingestions_file", "ingestions", ["tenant", "event", "sha256", "options"], unique=True)

    op.create_table(
        "ingestion_tasks",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("ingestion", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("task_id"),
    )

    op.create_table(
        "ingestion_rows",
        sa.Column("ingestion", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_byte", sa.BigInteger(), nullable=False),
        sa.Column("digest", _HEX128, nullable=False),
        sa.Column("disposition", sa.String(length=10), nullable=False),
        sa.Column("person", _ID, nullable=True),
        sa.Column("codes", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("ingestion", "line"),
    )
    op.create_index(
        "ix_ingestion_rows_noteworthy",
        "ingestion_rows",
        ["ingestion", "disposition", "line"],
        postgresql_where=sa.text("disposition <> 'inserido'"),
        sqlite_where=sa.text("disposition <> 'inserido'"),
    )

    op.create_table(
        "ingestion_rejects",
        sa.Column("ingestion", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ingestion", "line"),
    )

    op.create_table(
        "link_candidates",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=False),
        sa.Column("other", sa.String(length=36), nullable=True),
        sa.Column("incoming", sa.JSON(), nullable=True),
        sa.Column("ingestion", sa.BigInteger(), nullable=True),
        sa.Column("line", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("decided_by", sa.String(length=128), nullable=True),
        sa.Column("merge", sa.String(length=36), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ux_link_candidates_key", "link_candidates", ["tenant", "key"], unique=True)
    op.create_index("ix_link_candidates_state", "link_candidates", ["tenant", "state", "id"])

    op.create_table(
        "merges",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("survivor", sa.String(length=36), nullable=False),
        sa.Column("merged", sa.String(length=36), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_merges_tenant", "merges", ["tenant", "id"])


def downgrade() -> None:
    for table in (
        "merges",
        "link_candidates",
        "ingestion_rejects",
        "ingestion_rows",
        "ingestion_tasks",
        "ingestions",
        "register_history",
        "register_identifiers",
        "physicians",
        "patients",
    ):
        op.drop_table(table)
