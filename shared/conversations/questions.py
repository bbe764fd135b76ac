"""A question that is answered elsewhere, and its turn in a conversation: the words of `turns.py`, without the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.conversations.records import Conversation, Message, MessageStatus, Owner, Role


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

    `summary` tells of what is older than `before`, or of its beginning.
    """

    owner: Owner
    conversation: Conversation | None
    before: list[Message]
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One question with its answer. `answer` holds the columns of `conversation_messages` that describe it."""

    task_id: str
    question: str
    answer: dict[str, Any]


def question_message(owner: Owner, task_id: str, text: str) -> Message:
    """The question as the message that it will be, for the window that a model is shown."""
    columns: dict[str, Any] = dict.fromkeys(Message.__slots__)
    mine = {"id": task_id, "tenant": owner.tenant, "client": owner.client, "role": Role.USER.value, "content": text}
    return Message(**columns | mine | {"status": MessageStatus.COMPLETE.value})
