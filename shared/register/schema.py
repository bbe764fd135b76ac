"""The tables of the register: people, how they are found, the files that brought them, and what people decided.

Identifiers and names are personal data: they are needed in the clear to work with a patient and are encrypted at rest
by a later issue (docs/decisions/0006); nothing is searched by them. Searches go through `register_identifiers`, which
holds keyed blind indexes only, and through blocks, which are keyed too.

No foreign key between the tables of the bulk path: a chunk writes them in one transaction, and checking each of a
million rows again costs more than writing it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from shared.database import Serial, UtcDateTime, metadata, only_where

Id = String(36).with_variant(Uuid(as_uuid=False), "postgresql")
"""Of a person. In the tables of the bulk path as PostgreSQL's uuid: 16 bytes instead of 37, in the index as well."""


class Hex128(TypeDecorator[str]):
    """128 bits as 32 hexadecimal digits; to PostgreSQL a uuid too, for the same reason."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Uuid(as_uuid=False) if dialect.name == "postgresql" else String(32))

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return value.replace("-", "") if value else value


patients = Table(
    "patients",
    metadata,
    Column("id", Id, primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("social_name", Text),
    Column("mother_name", Text),
    Column("birth_date", Date, nullable=False),
    Column("sex", String(1)),
    Column("cpf", String(11)),
    Column("cns", String(15)),
    Column("record", Text),  # number of the chart, as its origin writes it
    Column("extra", JSON),  # columns that nobody mapped, as they came
    Column("block_name", BigInteger),  # birth date and phonetic surname, keyed
    Column("block_mother", BigInteger),  # birth date and phonetic mother's name, keyed
    Column("version", Integer, nullable=False),
    Column("merged_into", Id),  # the person that this row now speaks for
    # Two people with different CPFs are not compared: nearly everybody has one and looks only among those without.
    *(
        Index(f"ix_patients_{block}_{name}", block, "id", **only_where(held))
        for block in ("block_name", "block_mother")
        for name, held in (("cpf", "cpf IS NOT NULL"), ("no_cpf", "cpf IS NULL"))
    ),
)

physicians = Table(
    "physicians",
    metadata,
    Column("id", Id, primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("birth_date", Date),
    Column("crm", String(16)),
    Column("uf", String(2)),
    Column("cpf", String(11)),
    Column("cns", String(15)),
    Column("extra", JSON),
    Column("version", Integer, nullable=False),
    Column("merged_into", Id),
)

register_identifiers = Table(
    "register_identifiers",
    metadata,
    # The tenant is part of what was hashed; a short key keeps the index of millions in memory.
    Column("blind", Hex128(), primary_key=True),
    Column("kind", String(16), primary_key=True),  # patient | physician
    Column("tenant", String(64), nullable=False),
    Column("person", Id, nullable=False),
)

register_history = Table(
    "register_history",
    metadata,
    Column("person", Id, primary_key=True),
    Column("version", Integer, primary_key=True),  # the version that `image` shows, replaced by the next one
    Column("kind", String(16), nullable=False),
    Column("image", JSON, nullable=False),
    Column("cause", String(64), nullable=False),  # ingestion:<id>, merge:<id>, review:<id>
    Column("at", UtcDateTime, nullable=False),
)

ingestions = Table(
    "ingestions",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("tenant", String(64), nullable=False),
    Column("event", String(16), nullable=False),  # pacientes | medicos | ingestao
    Column("sha256", String(64), nullable=False),
    Column("options", String(64), nullable=False),  # hash of format, mapping, dates and scope: they change the reading
    Column("first_task", String(36), nullable=False),
    Column("task_id", String(36), nullable=False),  # which task reads it now
    Column("state", String(16), nullable=False),  # running | interrupted | finished
    Column("fence", Integer, nullable=False),  # grows with every reader; only the newest may write
    Column("next_byte", BigInteger, nullable=False),  # everything before it is applied
    Column("next_line", BigInteger, nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("figures", JSON, nullable=False),  # rows by disposition, and groups of codes with a few line numbers
    Column("started_at", UtcDateTime, nullable=False),
    Column("touched_at", UtcDateTime, nullable=False),
    Index("ux_ingestions_file", "tenant", "event", "sha256", "options", unique=True),
)

ingestion_tasks = Table(
    "ingestion_tasks",
    metadata,
    Column("task_id", String(36), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("ingestion", BigInteger, nullable=False),
)

ingestion_rows = Table(
    "ingestion_rows",
    metadata,
    Column("ingestion", BigInteger, primary_key=True, autoincrement=False),
    Column("line", BigInteger, primary_key=True, autoincrement=False),
    Column("first_byte", BigInteger, nullable=False),  # where in the file the row starts
    Column("digest", Hex128(), nullable=False),  # BLAKE2b of the row's bytes, 128 bits
    Column("disposition", String(10), nullable=False),
    Column("person", Id),
    Column("codes", Text),  # separated by spaces; null where there is nothing to say
    Index(
        "ix_ingestion_rows_noteworthy",
        "ingestion",
        "disposition",
        "line",
        **only_where("disposition <> 'inserido'"),
    ),
)

ingestion_rejects = Table(
    "ingestion_rejects",
    metadata,
    Column("ingestion", BigInteger, primary_key=True, autoincrement=False),
    Column("line", BigInteger, primary_key=True, autoincrement=False),
    Column("raw", LargeBinary, nullable=False),
)

link_candidates = Table(
    "link_candidates",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("key", String(64), nullable=False),  # the same question is asked once
    Column("reason", String(64), nullable=False),
    Column("score", Integer, nullable=False),  # 0 to 100, likeness of the names
    Column("person", String(36), nullable=False),
    Column("other", String(36)),  # the other person, where both are in the register
    Column("incoming", JSON),  # the row's values, where it was not applied
    Column("ingestion", BigInteger),
    Column("line", BigInteger),
    Column("state", String(20), nullable=False),  # aberta | mesma_pessoa | pessoas_diferentes
    Column("decided_by", String(128)),
    Column("merge", String(36)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    Index("ux_link_candidates_key", "tenant", "key", unique=True),
    Index("ix_link_candidates_state", "tenant", "state", "id"),
)

merges = Table(
    "merges",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("survivor", String(36), nullable=False),
    Column("merged", String(36), nullable=False),
    Column("before", JSON, nullable=False),  # both people as they were
    Column("after", JSON, nullable=False),  # the survivor as the merge left it, and identifiers that came with it
    Column("cause", String(64), nullable=False),
    Column("state", String(10), nullable=False),  # feita | desfeita
    Column("created_at", UtcDateTime, nullable=False),
    Column("undone_at", UtcDateTime),
    Column("undone_by", String(128)),
    Index("ix_merges_tenant", "tenant", "id"),
)
