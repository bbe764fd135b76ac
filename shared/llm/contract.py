"""What a caller asks of a model and what it gets back, whoever the provider is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class ToolCall:
    """The model wants `name` run with `arguments`; `id` ties the result to the request."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Usage:
    """Tokens of one call. `source` says who counted: the provider, or our estimate."""

    prompt_tokens: int
    completion_tokens: int
    source: Literal["provider", "estimate"]


@dataclass(frozen=True)
class ChatRequest:
    """One model call. `messages` and `tools` have the OpenAI chat shape."""

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] = field(default_factory=list)
    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True)
class ChatReply:
    """A whole answer: text, or tool calls, never neither."""

    text: str
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str
    usage: Usage
    provider: str
    model: str


class Interrupted(Exception):
    """Not an error: the caller's `Interruption` fired while (or before) the model was asked."""
