"""Every query about messages that are written at once, and about the tree they form.

Each function runs inside the caller's transaction. Answers, which come little by little: `answers.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, insert, literal, not_, select
from sqlalchemy.engine import Connection
from uuid_utils import uuid7

from shared.clock import now
from shared.conversations import store
from shared.conversations.records import Conversation, Message, MessageStatus, Owner, Role
from shared.conversations.schema import conversation_messages
from shared.errors import NotFound

PATH_LIMIT = 200
"""So many messages are ever read for one prompt; what is older is in the summary."""

_m = conversation_messages.c
_NULLS = {column.name: None for column in _m}
_INSERT = insert(conversation_messages)


def append(
    connection: Connection,
    conversation: Conversation,
    role: Role,
    content: str,
    *,
    parent_id: str | None,
    message_id: str | None = None,
    tool_calls: list[dict[str, Any]] | None = None,
    tool_call_id: str | None = None,
) -> Message:
    """A whole message after `parent_id` (None: the first of the conversation).

    With a `message_id` that exists already, that message is returned and nothing is written.
    """
    if message_id is not None:
        known = connection.execute(select(conversation_messages).where(_m.id == message_id)).one_or_none()
        if known is not None:
            return _message(known)
    moment = now()
    values = {
        "id": message_id or str(uuid7()),
        "seq": store.take_seqs(connection, conversation.id, 1, moment),
        "parent_id": parent_id,
        "role": role.value,
        "content": content,
        "tool_calls": tool_calls,
        "tool_call_id": tool_call_id,
        "status": MessageStatus.COMPLETE.value,
        "created_at": moment,
        "finished_at": moment,
    }
    return add(connection, conversation, values)


def add(connection: Connection, conversation: Conversation, values: dict[str, Any]) -> Message:
    """Insert one row of `conversation` from the columns that `values` names; the others are null."""
    return add_all(connection, conversation, [values])[0]


def add_all(connection: Connection, conversation: Conversation, rows: Sequence[dict[str, Any]]) -> list[Message]:
    """Insert rows as `add` does, in one statement."""
    common = {"conversation_id": conversation.id, "tenant": conversation.tenant, "client": conversation.client}
    whole: list[dict[str, Any]] = [_NULLS | values | common for values in rows]
    connection.execute(_INSERT, whole)
    return [Message(**row) for row in whole]


def get(connection: Connection, owner: Owner, message_id: str) -> Message:
    """Raises NotFound, also for a message of somebody else."""
    owned = (_m.id == message_id, _m.tenant == owner.tenant, _m.client == owner.client)
    row = connection.execute(select(conversation_messages).where(*owned)).one_or_none()
    if row is None:
        raise NotFound("mensagem desconhecida")
    return _message(row)


def find(connection: Connection, conversation_id: str, message_id: str) -> Message | None:
    """One message of this conversation."""
    wanted = (_m.id == message_id, _m.conversation_id == conversation_id)
    row = connection.execute(select(conversation_messages).where(*wanted)).one_or_none()
    return _message(row) if row else None


def page(connection: Connection, conversation_id: str, after_seq: int, limit: int) -> list[Message]:
    """In order of arrival, all branches; `after_seq` is the last one that the caller has seen."""
    found = (
        select(conversation_messages)
        .where(_m.conversation_id == conversation_id, _m.seq > after_seq)
        .order_by(_m.seq)
        .limit(limit)
    )
    return [_message(row) for row in connection.execute(found)]


def newest_leaf(connection: Connection, conversation_id: str) -> str | None:
    """What the next message follows where its author names nothing; None at the start.

    An exchange that ended without a word of answer is no part of the talk: it stays, as a branch that nobody follows.
    """
    answer = conversation_messages.alias()
    ended = (MessageStatus.INTERRUPTED.value, MessageStatus.ERROR.value)
    failed = select(answer.c.id).where(
        answer.c.parent_id == _m.id, answer.c.status.in_(ended), answer.c.content == "", answer.c.tool_calls.is_(None)
    )
    wordless = and_(_m.role == Role.ASSISTANT.value, _m.content == "", _m.tool_calls.is_(None))
    talk = select(_m.id).where(_m.conversation_id == conversation_id, not_(wordless), not_(failed.exists()))
    return connection.execute(
        talk.where(_m.status != MessageStatus.STREAMING.value).order_by(_m.seq.desc()).limit(1)
    ).scalar_one_or_none()


def path(connection: Connection, conversation_id: str, leaf_id: str, limit: int = PATH_LIMIT) -> list[Message]:
    """The branch that ends in `leaf_id`, oldest first, at most the newest `limit` of it. Raises NotFound."""
    start = (
        select(_m.id, _m.parent_id, literal(1).label("depth"))
        .where(_m.id == leaf_id, _m.conversation_id == conversation_id)
        .cte("branch", recursive=True)
    )
    parent = conversation_messages.alias()
    branch = start.union_all(
        select(parent.c.id, parent.c.parent_id, start.c.depth + 1)
        .where(parent.c.id == start.c.parent_id)
        .where(start.c.depth < limit)
    )
    rows = connection.execute(
        select(conversation_messages).join(branch, branch.c.id == _m.id).order_by(branch.c.depth.desc())
    ).all()
    if not rows:
        raise NotFound("mensagem desconhecida nesta conversa")
    return [_message(row) for row in rows]


def _message(row: Any) -> Message:
    return Message(**row._mapping)
