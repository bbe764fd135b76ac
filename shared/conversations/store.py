"""Every query about conversations as such. Each function runs inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.engine import Connection
from uuid_utils import uuid7

from shared.clock import now
from shared.conversations.records import Conversation, Owner
from shared.conversations.schema import conversations
from shared.errors import NotFound
from shared.llm.contract import Surface

_c = conversations.c


def create(
    connection: Connection,
    owner: Owner,
    surface: Surface,
    *,
    conversation_id: str | None = None,
    user_id: str | None = None,
    title: str | None = None,
    model: str | None = None,
    system: str | None = None,
    patient: dict[str, Any] | None = None,
    places: int = 0,
) -> Conversation:
    """A new conversation; `conversation_id` where the caller made it beforehand.

    `places` are those in its order that the caller fills in the same transaction, from 1 on (as `take_seqs`).
    """
    moment = now()
    made = Conversation(
        id=conversation_id or str(uuid7()),
        tenant=owner.tenant,
        client=owner.client,
        user_id=user_id,
        surface=surface.value,
        title=title,
        model=model,
        system=system,
        patient=patient,
        last_seq=places,
        version=1,
        created_at=moment,
        updated_at=moment,
    )
    connection.execute(insert(conversations), {name: getattr(made, name) for name in Conversation.__slots__})
    return made


def get(connection: Connection, owner: Owner, conversation_id: str, *, lock: bool = False) -> Conversation:
    """Raises NotFound, also for a conversation of somebody else. `lock`: nobody else adds to it until the commit."""
    query = select(conversations).where(*_owned(owner, conversation_id))
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("conversa desconhecida")
    return Conversation(**row._mapping)


def page(connection: Connection, owner: Owner, before: tuple[datetime, str] | None, limit: int) -> list[Conversation]:
    """Last spoken in first; `before` is (`updated_at`, `id`) of the last one that the caller has seen."""
    query = select(conversations).where(_c.tenant == owner.tenant, _c.client == owner.client)
    if before is not None:
        query = query.where(tuple_(_c.updated_at, _c.id) < before)
    rows = connection.execute(query.order_by(_c.updated_at.desc(), _c.id.desc()).limit(limit))
    return [Conversation(**row._mapping) for row in rows]


def change(connection: Connection, owner: Owner, conversation_id: str, values: dict[str, Any]) -> Conversation:
    """Set columns that a person may change (`title`, `model`, `system`). Raises NotFound."""
    changed = (
        update(conversations)
        .where(*_owned(owner, conversation_id))
        .values(version=_c.version + 1, **values)
        .returning(*_c)
    )
    row = connection.execute(changed).one_or_none()
    if row is None:
        raise NotFound("conversa desconhecida")
    return Conversation(**row._mapping)


def erase(connection: Connection, owner: Owner, conversation_id: str) -> None:
    """The conversation, its messages and summaries are gone for good. Raises NotFound."""
    if connection.execute(delete(conversations).where(*_owned(owner, conversation_id))).rowcount == 0:
        raise NotFound("conversa desconhecida")


def take_seqs(connection: Connection, conversation_id: str, count: int, moment: datetime) -> int:
    """Reserve `count` places in the order of the conversation and return the first; locks the conversation's row.

    Raises NotFound for a conversation that was erased meanwhile.
    """
    taken = (
        update(conversations)
        .where(_c.id == conversation_id)
        .values(last_seq=_c.last_seq + count, version=_c.version + 1, updated_at=moment)
        .returning(_c.last_seq)
    )
    last = connection.execute(taken).scalar_one_or_none()
    if last is None:
        raise NotFound("conversa desconhecida")
    return int(last) - count + 1


def _owned(owner: Owner, conversation_id: str) -> list[Any]:
    return [_c.id == conversation_id, _c.tenant == owner.tenant, _c.client == owner.client]
