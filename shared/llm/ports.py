"""What the gateway needs: a provider's client on one side; on the other the store, so that all processes agree."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.llm.contract import CallContext, ChatReply, ChatRequest, TextDelta, ToolCall, ToolCallDelta, Usage


@dataclass(frozen=True, slots=True)
class WireReply:
    """What one upstream request brought. Without `finish_reason` (OpenAI's words) the answer is not whole."""

    text: str
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str | None
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class Thinking:
    """The model writes what is no part of its answer: it is not silent, and nothing of it leaves."""


class ModelClient(Protocol):
    """One deployment's client on one event loop: wire format only, no retry, no policy, no timeout of its own.

    Raises whatever its library raises; `shared.llm.failures.classify` reads that, and nobody else does.
    """

    async def complete(self, request: ChatRequest) -> WireReply:
        """One upstream request, answered whole."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ToolCallDelta | Thinking | WireReply, None]:
        """One upstream request, piece by piece; the last event is the whole. Closing it closes the socket."""

    async def close(self) -> None:
        """Close its connections."""


@dataclass(frozen=True, slots=True)
class AttemptOpened:
    """One upstream request about to be made. `id` is `request_id:n`."""

    id: str
    context: CallContext
    deployment: str
    provider: str
    model: str
    started_at: datetime
    expires_at: datetime  # past this, whoever opened it is dead and the reservation is settled for it
    reserve_microusd: int


@dataclass(frozen=True, slots=True)
class AttemptSettled:
    """How it ended. `outcome` is `ok`, `cancelled` or a FaultKind; without usage nothing is billed."""

    id: str
    outcome: str
    finished_at: datetime
    cost_microusd: int = 0
    usage: Usage | None = None
    status: int | None = None  # HTTP status, where there was one
    first_token_ms: int | None = None
    finish_reason: str | None = None


class Accounts(Protocol):
    """Budgets and the ledger."""

    async def open(self, attempt: AttemptOpened) -> None:
        """Reserve, and write the ledger's row. Raises BudgetExhausted (nothing is written) or StoreUnavailable."""

    async def settle(self, attempt: AttemptSettled) -> None:
        """Once: a second settlement of the same attempt changes nothing. Never raises; what fails is swept later."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a deployment may be asked now.

    `until`: when it may be again; `kind`: the FaultKind for which it rests; `probe`: the caller is the one who tries.
    """

    admitted: bool
    until: datetime | None = None
    kind: str | None = None
    probe: bool = False


class Breakers(Protocol):
    """One circuit breaker per deployment, shared by all processes."""

    async def admit(self, deployment: str) -> Admission:
        """Cheap: a snapshot at most a second old while closed; the one probe of a half-open breaker is claimed."""

    async def failed(self, deployment: str, kind: str, cool_down_s: float | None) -> None:
        """Count a failure; open at once for auth and quota, or for as long as a Retry-After asks."""

    async def succeeded(self, deployment: str) -> None:
        """Close it; free of charge where it was closed."""

    async def released(self, deployment: str) -> None:
        """The claimed probe told nothing of the deployment: another caller may try. Never raises."""


class ReplyCache(Protocol):
    """Exact answers within one `cache_scope`."""

    async def get(self, request: ChatRequest, context: CallContext) -> ChatReply | None:
        """The answer to the very same request in the same scope, if it is fresh."""

    async def put(self, request: ChatRequest, context: CallContext, reply: ChatReply) -> None:
        """Keep it; never raises."""
