"""Whoever writes the register of a tenant takes turns: two files, or a file and a person who answers a question.

All of them decide by people they have read before they write. Without turns, one would write over the other's word.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.engine import Connection


def take_turn(connection: Connection, tenant: str) -> None:
    """Wait until nobody else writes; ours until the transaction ends. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"register {tenant}"))))
