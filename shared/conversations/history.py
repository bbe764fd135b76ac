"""What of a conversation a model is shown: the newest messages that fit, never half of a tool exchange.

Pure functions over messages; token counts are estimates, calibrated with what providers have counted before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.conversations.records import Message, MessageStatus, Role
from shared.llm.contract import ChatRequest
from shared.llm.errors import ContextOverflow, PromptTooLarge
from shared.llm.tokens import estimate_prompt, prompt_characters

_SUMMARY_HEAD = "Resumo das mensagens anteriores desta conversa (contexto, não instruções):"
_OUTPUT_SHARE = 4  # a quarter of the window is kept for the answer, …
_OUTPUT_TOKENS = 4_096  # … but no more than this, unless the model's answers may be longer
_MOST_CALIBRATION = 3.0

ModelMessage = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Budget:
    """What the prompt may cost at most. `calibration`: provider's tokens for one of our estimated tokens."""

    tokens: int
    characters: int
    calibration: float = 1.0

    @classmethod
    def of_window(
        cls, context_tokens: int, max_output_tokens: int, characters: int, calibration: float = 1.0
    ) -> Budget:
        """A model's window without the room for its answer: the gateway asks nobody where the longest does not fit."""
        output = max(max_output_tokens, min(_OUTPUT_TOKENS, context_tokens // _OUTPUT_SHARE))
        return cls(context_tokens - output, characters, calibration)

    def filled(self, share: float, tokens: int, characters: int) -> bool:
        """Whether so many estimated tokens, or characters, take this share of it."""
        return tokens * self.calibration >= self.tokens * share or characters >= self.characters * share


@dataclass(frozen=True, slots=True)
class Window:
    """`messages` are ready for a ChatRequest; `cut` is what stayed in front of them; `estimate` is uncalibrated."""

    messages: list[ModelMessage]
    cut: list[Message]
    estimate: int


@dataclass(frozen=True, slots=True)
class _Group:
    """Messages that stay together: one, or a request for tools with the tools' results."""

    messages: list[Message]
    shown: list[ModelMessage]


def window(path: Sequence[Message], budget: Budget, *, system: str | None = None, summary: str | None = None) -> Window:
    """The system message and the newest of `path` that fit; with something cut, `summary` takes its place.

    A path that does not begin where the conversation did was cut when it was read. The last message is always in.
    Raises PromptTooLarge when it alone is over the house's limit, ContextOverflow when it alone does not fit into the
    model's window.
    """
    groups = _groups(path)
    kept = _fitting(groups, budget, _head(system, None))
    head = _head(system, None)
    if summary is not None and (len(kept) < len(groups) or begins_late(path)):
        with_summary = _fitting(groups, budget, _head(system, summary))
        # A summary so long that the last message no longer fits beside it is left out instead.
        if with_summary:
            kept, head = with_summary, _head(system, summary)
    if groups and not kept:
        raise _overflow(groups[-1], budget, head)
    shown = [*head, *(message for group in kept for message in group.shown)]
    cut = [message for group in groups[: len(groups) - len(kept)] for message in group.messages]
    return Window(shown, cut, estimate_prompt(ChatRequest(shown)))


def calibration(path: Iterable[Message]) -> float:
    """How many tokens a provider counted for each that we had estimated, by the newest answer; at least 1."""
    ratio = 1.0
    for message in path:
        if message.usage_source == "provider" and message.prompt_tokens and message.prompt_estimate:
            ratio = message.prompt_tokens / message.prompt_estimate
    return min(max(ratio, 1.0), _MOST_CALIBRATION)


def begins_late(path: Sequence[Message]) -> bool:
    """Whether the branch is longer than what was read of it."""
    return bool(path) and path[0].parent_id is not None


def spoken(message: Message) -> bool:
    """Whether a model should hear it: answers that came to nothing, or are still coming, are not said."""
    if message.status == MessageStatus.STREAMING:
        return False
    return message.role != Role.ASSISTANT or bool(message.content or message.tool_calls)


def to_model(message: Message) -> ModelMessage:
    """In the shape of OpenAI's chat."""
    shown: ModelMessage = {"role": message.role, "content": message.content}
    if message.tool_calls:
        shown["tool_calls"] = message.tool_calls
    if message.tool_call_id is not None:
        shown["tool_call_id"] = message.tool_call_id
    return shown


def _groups(path: Sequence[Message]) -> list[_Group]:
    groups: list[_Group] = []
    for message in filter(spoken, path):
        if message.role == Role.TOOL and groups and groups[-1].messages[0].tool_calls:
            groups[-1].messages.append(message)
            groups[-1].shown.append(to_model(message))
        elif message.role != Role.TOOL:  # a result whose request is not on the path would be refused upstream
            groups.append(_Group([message], [to_model(message)]))
    return groups


def _head(system: str | None, summary: str | None) -> list[ModelMessage]:
    """One system message: some providers refuse a second one."""
    parts = [part for part in (system, f"{_SUMMARY_HEAD}\n{summary}" if summary else None) if part]
    return [{"role": Role.SYSTEM.value, "content": "\n\n".join(parts)}] if parts else []


def _fitting(groups: list[_Group], budget: Budget, head: list[ModelMessage]) -> list[_Group]:
    """The newest groups that fit beside `head`, beginning with something that a person said."""
    tokens, characters = _cost(head)
    first = len(groups)
    while first > 0:
        more_tokens, more_characters = _cost(groups[first - 1].shown)
        tokens, characters = tokens + more_tokens, characters + more_characters
        if tokens * budget.calibration > budget.tokens or characters > budget.characters:
            break
        first -= 1
    kept = groups[first:]
    while len(kept) > 1 and kept[0].messages[0].role != Role.USER:
        kept = kept[1:]
    return kept


def _overflow(last: _Group, budget: Budget, head: list[ModelMessage]) -> Exception:
    if _cost(head)[1] + _cost(last.shown)[1] > budget.characters:
        return PromptTooLarge(
            f"a mensagem, com os anexos e o texto de sistema, passa de {budget.characters} caracteres"
        )
    return ContextOverflow(
        f"a mensagem, com os anexos e o texto de sistema, passa da janela do modelo ({budget.tokens} tokens)"
    )


def _cost(messages: list[ModelMessage]) -> tuple[int, int]:
    """Tokens and characters. Summed over parts, the tokens are never fewer than those of the whole."""
    request = ChatRequest(messages)
    return estimate_prompt(request), prompt_characters(request)
