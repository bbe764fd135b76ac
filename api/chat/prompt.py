"""From a conversation in the store to what a model is asked. Nothing is written when this raises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy.engine import Connection

from shared.conversations import history, summaries
from shared.conversations.history import Budget, Window
from shared.conversations.records import Conversation, Message, MessageStatus, Role, Summary
from shared.llm.contract import ModelCard
from shared.llm.errors import UnknownModel
from shared.llm.tokens import tokens_of

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Prompt:
    """`path` ends with the question; `summary` is the one that reaches furthest along it."""

    window: Window
    path: list[Message]
    summary: Summary | None
    budget: Budget


def card_of(cards: Sequence[ModelCard], model: str | None) -> ModelCard:
    """What `model` means, the default policy for None. Raises UnknownModel."""
    if model is None:
        return cards[0]
    found = next((card for card in cards if card.id == model), None)
    if found is None:
        raise UnknownModel("model: não é uma política nem um modelo desta casa; veja GET /api/llm/models")
    return found


def prompt(
    connection: Connection, conversation: Conversation, path: list[Message], card: ModelCard, max_characters: int
) -> Prompt:
    """The window for a path that ends with the question. Raises ContextOverflow or PromptTooLarge."""
    budget = Budget.of_window(card.context_tokens, max_characters, history.calibration(path))
    told = summaries.newest(connection, conversation.id, path) if _is_long(path, budget) else None
    content = told.content if told else None
    return Prompt(history.window(path, budget, system=conversation.system, summary=content), path, told, budget)


def _is_long(path: list[Message], budget: Budget) -> bool:
    """Whether there may be a summary: none is made before the window is filled by more than half."""
    characters = sum(len(message.content) for message in path)
    return history.begins_late(path) or tokens_of(characters) * budget.calibration * 2 > budget.tokens


def unsent(conversation: Conversation, content: str, parent_id: str | None) -> Message:
    """A user's message as it would be, to see whether it fits before it is kept."""
    empty = dict.fromkeys(Message.__slots__)
    given = {
        "id": "",
        "conversation_id": conversation.id,
        "tenant": conversation.tenant,
        "client": conversation.client,
        "seq": conversation.last_seq + 1,
        "parent_id": parent_id,
        "role": Role.USER.value,
        "content": content,
        "status": MessageStatus.COMPLETE.value,
        "created_at": _NO_TIME,
    }
    return Message(**(empty | given))  # type: ignore[arg-type]


def with_last(prompt: Prompt, last: Message) -> Prompt:
    """The same prompt, its last message as the store has it now."""
    return replace(prompt, path=[*prompt.path[:-1], last])
