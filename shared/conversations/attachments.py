"""Every query about what is attached to messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.engine import Connection

from shared.conversations.records import Attachment, Message
from shared.conversations.schema import conversation_messages
from shared.files import uploads

_m = conversation_messages.c


def of_conversation(connection: Connection, conversation_id: str) -> list[Attachment]:
    """All files of a conversation, over all branches, each once, the one attached last first."""
    found = (
        select(_m.attachments)
        .where(_m.conversation_id == conversation_id, _m.attachments.is_not(None))
        .order_by(_m.seq.desc())
    )
    files = [Attachment(**one) for row in connection.execute(found) for one in row.attachments]
    return list({one.id: one for one in files}.values())


def with_deleted(connection: Connection, messages: Sequence[Message]) -> list[Message]:
    """The messages, their files marked that are no longer there."""
    ids = {one.id for message in messages for one in message.files}
    if not ids:
        return list(messages)
    there = {tenant: uploads.find_all(connection, tenant, ids) for tenant in {message.tenant for message in messages}}
    return [_marked(message, frozenset(there[message.tenant])) for message in messages]


def _marked(message: Message, there: frozenset[str]) -> Message:
    if message.attachments is None:
        return message
    return replace(message, attachments=[one | {"deleted": one["id"] not in there} for one in message.attachments])
