"""What a caller asks of a model and what it gets back, whoever the provider is.

Nothing here imports a model library: every process may know these words without paying for one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

from uuid_utils import uuid7

from shared.privacy.identifiers import Identifiers


class Surface(StrEnum):
    """Who talks to the gateway; every ledger row names one."""

    CREW = "crew"
    CHAT = "chat"
    OPENAI = "openai"  # `/v1`, by foreign clients
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wants `name` run with `arguments`; `id` ties the result to the request."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `source` says who counted: the provider, or our estimate."""

    prompt_tokens: int
    completion_tokens: int
    source: Literal["provider", "estimate"]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One model call. `messages`, `tools` and `parameters` have the OpenAI chat names and shapes.

    `model` is a policy or a deployment of the catalogue; None: the default policy. `parameters` holds what is neither
    messages, tools, model nor streaming (`temperature`, `max_tokens`, `tool_choice`, `response_format`, …): each is
    forwarded to the provider or refused, never dropped.
    """

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] = field(default_factory=list)
    model: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallContext:
    """For whom, for what, and how long. `subject_id` is the task, message or request that the call is made for.

    `identifiers` are the people that this call is known to be about: they are hidden from any model outside the
    house. `free_text` says that the messages hold what people wrote in their own words; only deployments inside the
    house, or declared fit for it, ever see such a call. `confined` says why none outside may see it at all, where
    what it holds cannot be hidden; empty: nothing forbids it. `cache_scope` names the one patient (a blind index) or
    conversation within which an answer may be used again; None: never.
    """

    surface: Surface
    deadline_s: float
    tenant: str = "default"
    client: str = "anonymous"
    domain: str | None = None
    subject_id: str | None = None
    identifiers: Identifiers = field(default_factory=Identifiers)
    free_text: bool = True
    confined: str = ""
    cache_scope: str | None = None
    request_id: str = field(default_factory=lambda: str(uuid7()))


@dataclass(frozen=True, slots=True)
class ChatReply:
    """A whole answer: text, tool calls or both; neither only where `finish_reason` is length or content_filter, or the
    caller gave a `stop` text. A tool call that the provider cut off in mid-word is left out.

    `finish_reason` in OpenAI's words: stop, length, tool_calls, content_filter. `deployment` is the catalogue's id of
    who answered, `attempts` how many upstream requests it took, `fallback` whether the first choice did not answer.
    `cost_microusd` covers every attempt of the request, failed ones included.
    """

    text: str
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str
    usage: Usage
    provider: str
    model: str
    deployment: str
    request_id: str
    cost_microusd: int = 0
    attempts: int = 1
    fallback: bool = False
    cached: bool = False


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """The next piece of a tool call: `id` and `name` come once, `arguments` is a fragment of JSON text."""

    index: int
    arguments: str
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every stream that is whole."""

    reply: ChatReply


StreamEvent = TextDelta | ToolCallDelta | Finished


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a caller may know of a model it can name. `max_output_tokens`: of an answer whose caller names no limit."""

    id: str
    kind: Literal["policy", "deployment"]
    provider: str
    model: str
    context_tokens: int
    max_output_tokens: int
    inside: bool


class ModelGateway(Protocol):
    """The one door to models. Belongs to one event loop; `shared.llm.blocking` brings it to threads."""

    async def complete(self, request: ChatRequest, context: CallContext) -> ChatReply:
        """The whole answer, after as many attempts, on as many deployments, as policy and deadline allow.

        Raises the `ModelUnavailable` and `ModelRefused` families of `shared.errors`, or `StoreUnavailable`.
        """

    def stream(self, request: ChatRequest, context: CallContext) -> AsyncGenerator[StreamEvent, None]:
        """The answer as it comes, `Finished` last. Raises as `complete`, and `AnswerBroken` once text has left.

        Closing it (`aclose`) closes the upstream connection and settles what was used.
        """

    def models(self) -> Sequence[ModelCard]:
        """Policies first, the default one before all others, then deployments, as the catalogue orders them."""


class Interrupted(Exception):
    """Not an error: the caller's `Interruption` fired while (or before) the model was asked."""
