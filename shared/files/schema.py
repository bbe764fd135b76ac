"""The tables of files that callers sent. The bytes lie in the file store, under a name that we made."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from shared.database import UtcDateTime, metadata

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("client", String(128), nullable=False),
    Column("name", String(255), nullable=False),  # as the caller called it, without folders
    Column("description", Text, nullable=False),
    Column("media_type", String(64), nullable=False),  # by content, never as declared
    Column("size", BigInteger, nullable=False),  # bytes
    Column("sha256", String(64), nullable=False),
    Column("path", String(255), nullable=False),  # the key in the file store
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_uploads_tenant", "tenant", "id"),
)

file_leftovers = Table(
    "file_leftovers",
    metadata,
    Column("path", String(255), primary_key=True),
    Column("due_at", UtcDateTime, nullable=False),  # from when on the file is removed, if no upload took the note back
    Index("ix_file_leftovers_due", "due_at"),
)
