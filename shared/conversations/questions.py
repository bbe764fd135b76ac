"""A question that is answered elsewhere, and its turn in a conversation: the words of `turns.py`, without the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from shared.conversations.records import Attachment, Conversation, Message, MessageStatus, Owner, Role


@dataclass(frozen=True, slots=True)
class Opening:
    """A conversation that begins with its first question. `model` and `system` hold for all that follow."""

    id: str
    user_id: str | None = None
    model: str | None = None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a question meets: whose it is, its conversation (None: not begun yet), and what was said there before it.

    `summary` tells of what is older than `before`, or of its beginning. `confined`: why no model outside the house may
    hear of it, if something forbids it.
    """

    owner: Owner
    conversation: Conversation | None
    before: list[Message]
    summary: str | None = None
    confined: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question with its answer. `answer` holds the columns of `conversation_messages` that describe it."""

    task_id: str
    question: str
    answer: dict[str, Any]


def unsent(
    owner: Owner,
    text: str,
    *,
    message_id: str = "",
    parent_id: str | None = None,
    files: Sequence[Attachment] = (),
) -> Message:
    """A question as the message that it will be, for the window that a model is shown; the store's own part is null."""
    columns: dict[str, Any] = dict.fromkeys(Message.__slots__)
    mine = {
        "id": message_id,
        "tenant": owner.tenant,
        "client": owner.client,
        "parent_id": parent_id,
        "role": Role.USER.value,
        "content": text,
        "attachments": [asdict(one) for one in files] or None,
        "status": MessageStatus.COMPLETE.value,
    }
    return Message(**columns | mine)
