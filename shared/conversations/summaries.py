"""Every query about summaries."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from uuid_utils import uuid7

from shared.clock import now
from shared.conversations.records import Message, Summary
from shared.conversations.schema import conversation_summaries

_s = conversation_summaries.c


def add(connection: Connection, summary: Summary) -> None:
    """Keep it; where another process summarised up to the same message first, that one stays."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = {name: getattr(summary, name) for name in Summary.__slots__}
    row = {"id": str(uuid7()), "created_at": now(), **values}
    connection.execute(insert(conversation_summaries).on_conflict_do_nothing(), row)


def newest(connection: Connection, conversation_id: str, path: Sequence[Message]) -> Summary | None:
    """The summary that reaches furthest along this branch: one of a sibling branch tells of things unsaid here."""
    query = (
        select(*(_s[name] for name in Summary.__slots__))
        .where(_s.conversation_id == conversation_id, _s.upto_message_id.in_([message.id for message in path]))
        .order_by(_s.upto_seq.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return Summary(**row._mapping) if row else None
