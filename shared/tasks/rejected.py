"""Messages that nobody could understand: kept raw with the reason, so that a person can mend and resubmit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from shared.clock import now
from shared.tasks.schema import rejected_messages

_r = rejected_messages.c


@dataclass(frozen=True, slots=True)
class Rejection:
    """One message as it came, with the stable code of its refusal and words that hold no value."""

    id: str
    domain: str
    vhost: str
    reason: str
    detail: str
    body: bytes
    message_id: str | None
    to_broker: bool = True  # False: it did not come from a broker, so nobody looks for its copy there


def keep(connection: Connection, items: Sequence[Rejection]) -> list[None]:
    """Write the raw bytes with the reason, once per id; the relay makes the copy on the broker."""
    moment = now()
    rows = [
        {
            "id": item.id,
            "domain": item.domain,
            "vhost": item.vhost,
            "reason": item.reason,
            "detail": item.detail,
            "body": item.body,
            "message_id": item.message_id,
            "received_at": moment,
            "copied_at": None if item.to_broker else moment,
        }
        for item in items
    ]
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(rejected_messages).on_conflict_do_nothing(), rows)
    return [None] * len(items)


def not_copied(connection: Connection, domains: Sequence[str], limit: int = 100) -> list[Rejection]:
    """Rows of these domains whose copy in `eventos.rejeitados` no broker has confirmed yet."""
    rows = connection.execute(
        select(_r.id, _r.domain, _r.vhost, _r.reason, _r.detail, _r.body, _r.message_id)
        .where(_r.copied_at.is_(None), _r.domain.in_(list(domains)))
        .order_by(_r.received_at)
        .limit(limit)
    )
    return [Rejection(*row) for row in rows]


def mark_copied(connection: Connection, ids: Sequence[str]) -> None:
    connection.execute(update(rejected_messages).where(_r.id.in_(list(ids))).values(copied_at=now()))


def page(connection: Connection, before: tuple[datetime, str] | None, limit: int) -> list[dict[str, Any]]:
    """Newest first; `before` is the (received_at, id) of the last row already seen."""
    statement = select(rejected_messages).order_by(_r.received_at.desc(), _r.id.desc()).limit(limit)
    if before:
        statement = statement.where(tuple_(_r.received_at, _r.id) < before)
    return [dict(row._mapping) for row in connection.execute(statement)]
