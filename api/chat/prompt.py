"""From a conversation in the store to what a model is asked. Nothing is written when this raises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.engine import Connection

from shared.conversations import history, summaries
from shared.conversations.attached import NOTICE
from shared.conversations.history import Budget, Window
from shared.conversations.records import Conversation, Message, Summary
from shared.llm.contract import ModelCard
from shared.llm.errors import UnknownModel
from shared.llm.tokens import tokens_of

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Prompt:
    """`path` ends with the question, files in their messages' words; `summary` reaches furthest along it."""

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
    """The window for a path that ends with the question, its files in it. Raises ContextOverflow or PromptTooLarge."""
    calibration = history.calibration(path)
    budget = Budget.of_window(card.context_tokens, card.max_output_tokens, max_characters, calibration)
    told = summaries.newest(connection, conversation.id, path) if _is_long(path, budget) else None
    content = told.content if told else None
    # Also where the files are no longer shown: what was said about them may repeat what they ask for.
    notice = NOTICE if any(message.attachments for message in path) else None
    system = "\n\n".join(part for part in (conversation.system, notice) if part) or None
    return Prompt(history.window(path, budget, system=system, summary=content), path, told, budget)


def _is_long(path: list[Message], budget: Budget) -> bool:
    """Whether there may be a summary: none is made before the window is filled by more than half."""
    characters = sum(len(message.content) for message in path)
    return history.begins_late(path) or budget.filled(_HALF, tokens_of(characters), characters)


def with_last(prompt: Prompt, last: Message) -> Prompt:
    """The same prompt, its last message as the store has it now, with the words that the model sees."""
    return replace(prompt, path=[*prompt.path[:-1], replace(last, content=prompt.path[-1].content)])
