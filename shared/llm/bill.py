"""One attempt's money: reserved before the request leaves, settled exactly once, whatever becomes of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType

from shared.llm import metrics
from shared.llm.candidates import Candidate
from shared.llm.contract import CallContext, Usage
from shared.llm.failures import Fault, FaultKind
from shared.llm.ports import Accounts, AttemptOpened, AttemptSettled
from shared.llm.tokens import tokens_of
from shared.llm.undisturbed import undisturbed

# Whoever opened an attempt and has not settled it this long after its deadline is dead.
_GRACE_S = 60.0
CANCELLED = "cancelled"
# The provider had the prompt and worked on it: nobody knows what it will charge, so at least the prompt is assumed.
_PROMPT_WAS_READ = frozenset(
    {
        CANCELLED,
        FaultKind.TIMEOUT,
        FaultKind.FIRST_TOKEN_TIMEOUT,
        FaultKind.IDLE_TIMEOUT,
        FaultKind.TRUNCATED,
        FaultKind.MALFORMED,
        FaultKind.TOOL_ARGUMENTS,
        FaultKind.EMPTY,
    }
)


@dataclass(slots=True)
class Streamed:
    """What has come so far of an answer, counted and not kept."""

    characters: int = 0
    first_piece_s: float | None = None


class Bill:
    """`reserve`, then `async with`, which settles on exit; `cost_microusd` is then set.

    `usage` is the provider's own count where it came; without one, what was streamed is estimated.
    """

    def __init__(
        self, accounts: Accounts, context: CallContext, candidate: Candidate, number: int, until: float
    ) -> None:
        """`until`: the call's deadline on the loop's clock."""
        self._accounts = accounts
        self._until = until
        self._candidate = candidate
        self._context = context
        self.id = f"{context.request_id}:{number}"
        self.streamed = Streamed()
        self.usage: Usage | None = None
        self.fault: Fault | None = None
        self.finish_reason: str | None = None
        self.cost_microusd = 0
        self._withdrawn = False
        self.asked_at: float | None = None

    async def reserve(self) -> None:
        """Before anything leaves. Raises BudgetExhausted or StoreUnavailable: nothing was written."""
        try:
            await self._accounts.open(self._opened())
        except asyncio.CancelledError:
            # The row may have been written behind our back.
            await undisturbed(self._settle(CANCELLED), self._until)
            raise

    async def __aenter__(self) -> Bill:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        outcome = self.fault.kind.value if self.fault else CANCELLED if kind or self._withdrawn else "ok"
        if outcome != "ok" and self.usage is None:
            self.usage = self._estimate(outcome)
        await undisturbed(self._settle(outcome), self._until)

    def _opened(self) -> AttemptOpened:
        now = datetime.now(UTC)
        deployment = self._candidate.deployment
        lasts = min(deployment.deadline_s, self._context.deadline_s) + _GRACE_S
        return AttemptOpened(
            id=self.id,
            context=self._context,
            deployment=self._candidate.id,
            provider=deployment.provider,
            model=deployment.model,
            started_at=now,
            expires_at=now + timedelta(seconds=lasts),
            reserve_microusd=self._candidate.reserve_microusd,
        )

    def withdraw(self) -> None:
        """The request never left: it is settled as cancelled, at no cost."""
        self.asked_at = None
        self._withdrawn = True

    def sent(self) -> None:
        """The request is about to leave."""
        self.asked_at = asyncio.get_running_loop().time()

    def count(self, characters: int) -> None:
        """A piece came."""
        if self.streamed.first_piece_s is None and self.asked_at is not None:
            self.streamed.first_piece_s = asyncio.get_running_loop().time() - self.asked_at
        self.streamed.characters += characters

    def estimated(self, completion_characters: int) -> Usage:
        """For an answer that its provider did not count."""
        return Usage(self._candidate.prompt_tokens, tokens_of(completion_characters), "estimate")

    def count_whole(self, usage: Usage | None, characters: int, *, ended: bool) -> None:
        """The provider's count, else ours. One of an answer that did not end may leave out what was streamed."""
        used = usage or self.estimated(characters)
        if not ended and tokens_of(self.streamed.characters) > used.completion_tokens:
            used = Usage(used.prompt_tokens, tokens_of(self.streamed.characters), "estimate")
        self.usage = used

    def _estimate(self, outcome: str) -> Usage | None:
        """What a broken attempt has used: an answer that began was paid for, an error before it was not."""
        if self.streamed.characters:
            return self.estimated(self.streamed.characters)
        if self.asked_at is not None and outcome in _PROMPT_WAS_READ:
            return self.estimated(0)
        return None

    async def _settle(self, outcome: str) -> None:
        name, used = self._candidate.id, self.usage
        if used:
            self.cost_microusd = self._candidate.deployment.prices.microusd(used.prompt_tokens, used.completion_tokens)
            metrics.TOKENS.labels(name, "prompt").inc(used.prompt_tokens)
            metrics.TOKENS.labels(name, "completion").inc(used.completion_tokens)
            metrics.COST.labels(name).inc(self.cost_microusd)
        metrics.ATTEMPTS.labels(name, outcome).inc()
        first = self.streamed.first_piece_s
        if first is not None:
            metrics.FIRST_PIECE_SECONDS.labels(name).observe(first)
        await self._accounts.settle(
            AttemptSettled(
                id=self.id,
                outcome=outcome,
                finished_at=datetime.now(UTC),
                cost_microusd=self.cost_microusd,
                usage=used,
                status=self.fault.status if self.fault else None,
                first_token_ms=None if first is None else round(first * 1000),
                finish_reason=self.finish_reason,
            )
        )
