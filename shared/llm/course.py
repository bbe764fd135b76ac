"""The course of one call: who is asked next, after what pause, and what is said when nobody answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from shared.errors import ModelRefused, ModelUnavailable, StoreUnavailable
from shared.llm import metrics
from shared.llm.attempts import Asked, Attempt, Door
from shared.llm.backoff import Backoff
from shared.llm.bill import Bill
from shared.llm.candidates import Candidate, NotAsked
from shared.llm.client_pool import ClientPool
from shared.llm.contract import CallContext, ChatReply, ChatRequest
from shared.llm.deadlines import time_to_wind_up
from shared.llm.errors import AnswerBroken, BudgetExhausted, ContextOverflow, TransferRefused
from shared.llm.failures import Fault, FaultKind
from shared.llm.ports import Accounts, Admission, Breakers, ModelClient
from shared.llm.undisturbed import undisturbed

_log = structlog.get_logger(__name__)
_BREAKER_OPEN = "breaker_open"
_LONG_PROMPT = 1_000  # tokens
_SUCCESS_S = 3.0
_LONGEST_IMPORT_S = 15.0  # all six packages took nine seconds
_MANY_PEOPLE = 20  # known values; a conversation's patient has ten


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every call of one gateway shares."""

    clients: ClientPool
    accounts: Accounts
    breakers: Breakers
    door: Callable[[CallContext], Door]
    backoff: Backoff


@dataclass(slots=True, eq=False)
class Course:
    """One call. `until` is its deadline on the loop's clock, `retries` what the policy allows on one deployment."""

    around: Surroundings
    request: ChatRequest
    context: CallContext
    candidates: list[Candidate]
    first_choice: str
    retries: int
    until: float
    failures: list[NotAsked] = field(default_factory=list)
    _resting: list[NotAsked] = field(default_factory=list)  # of `failures`: deployments with a price, left alone now
    _number: int = 0
    _cost_microusd: int = 0
    _place: int = 0
    _retry: int = 0
    _overflowed: int = 0  # the largest window that was too small
    _probed: str | None = None  # whose half-open breaker waits for what this call finds out

    async def next_attempt(self) -> Attempt | None:
        """Whom to ask now; None: nobody is left, and `final_error` says why. Raises StoreUnavailable."""
        await self.leave_probe()
        while self._place < len(self.candidates) and self._room_s() > 0:
            candidate = self.candidates[self._place]
            if candidate.deployment.context_tokens > self._overflowed:
                attempt = await self._prepared(candidate)
                if attempt is not None:
                    return attempt
                await self.leave_probe()
            self._go_on()
        return None

    async def answered(self, attempt: Attempt) -> bool:
        """Draw the consequences of an attempt that has ended; False: `next_attempt` says who comes next.

        Raises AnswerBroken where some of the answer had left, ModelRefused where nobody would answer differently.
        """
        self._cost_microusd += attempt.bill.cost_microusd
        if attempt.refusal is not None:
            if isinstance(attempt.refusal, BudgetExhausted):
                self._number -= 1  # no row of the ledger has it
            self._pass_over(attempt.candidate, attempt.refusal)
            self._go_on()
        elif attempt.fault is None:
            self._probed = None
            # No task for it: as a rule there is nothing to change. What is not waited for is written all the same.
            with suppress(TimeoutError):
                async with asyncio.timeout(time_to_wind_up(self.until, _SUCCESS_S)):
                    await self.around.breakers.succeeded(attempt.candidate.id)
            return True
        else:
            await self._draw_consequences(attempt, attempt.fault)
        return False

    async def leave_probe(self) -> None:
        """To be called when the call is over, too: a probe that came to no verdict is somebody else's to make."""
        deployment, self._probed = self._probed, None
        if deployment is not None:
            await undisturbed(self.around.breakers.released(deployment), self.until)

    def reply(self, attempt: Attempt) -> ChatReply:
        """What the caller gets of an attempt that has its answer."""
        answer, candidate = attempt.answer, attempt.candidate
        assert answer is not None and answer.finish_reason is not None and attempt.bill.usage is not None
        return ChatReply(
            text=answer.text,
            tool_calls=answer.tool_calls,
            finish_reason=answer.finish_reason,
            usage=attempt.bill.usage,
            provider=candidate.deployment.provider,
            model=candidate.deployment.model,
            deployment=candidate.id,
            request_id=self.context.request_id,
            cost_microusd=self._cost_microusd,
            attempts=self._number,
            fallback=candidate.id != self.first_choice,
        )

    def final_error(self) -> NotAsked:
        """The most telling failure: what may pass by itself, with the shortest wait; else what stood in the way."""
        passing = [failure for failure in self.failures if isinstance(failure, ModelUnavailable)]
        if any(isinstance(failure, BudgetExhausted) for failure in self.failures):
            # Back from their rest they would meet the same empty budget: to wait for them is in vain.
            passing = [failure for failure in passing if failure not in self._resting]
        if passing:
            asked = [failure for failure in passing if failure.kind != _BREAKER_OPEN] or passing
            waits = [failure.retry_after for failure in passing if failure.retry_after is not None]
            return ModelUnavailable(asked[-1].detail, min(waits, default=None), asked[-1].kind)
        for kind in (BudgetExhausted, ContextOverflow, TransferRefused, ModelRefused):
            for failure in self.failures:
                if isinstance(failure, kind):
                    return failure
        return ModelUnavailable("nenhum modelo respondeu no prazo da chamada", kind=FaultKind.TIMEOUT.value)

    async def _prepared(self, candidate: Candidate) -> Attempt | None:
        """None: this deployment may not be asked now, and `failures` says why."""
        admission = await self._admission(candidate)
        if not admission.admitted:
            self._leave_alone(candidate, _rest(admission))
            return None
        self._probed = candidate.id if admission.probe else None
        try:
            client = await self._client(candidate)
            door, sent = (None, self.request) if candidate.inside else await self._hidden(candidate)
        except (ModelRefused, ModelUnavailable) as refusal:
            self._pass_over(candidate, refusal)
            return None
        self._number += 1
        bill = Bill(self.around.accounts, self.context, candidate, self._number, self.until)
        return Attempt(Asked(candidate, client, sent, door, self.until), bill)

    async def _client(self, candidate: Candidate) -> ModelClient:
        """Raises as `ClientPool.of`. The first one imports its package: that is no part of the call's time."""
        began = asyncio.get_running_loop().time()
        client = await self.around.clients.of(candidate.id, candidate.deployment, inside=candidate.inside)
        self.until += min(asyncio.get_running_loop().time() - began, _LONGEST_IMPORT_S)
        return client

    async def _admission(self, candidate: Candidate) -> Admission:
        """Raises StoreUnavailable."""
        try:
            async with asyncio.timeout_at(self.until):
                return await self.around.breakers.admit(candidate.id)
        except TimeoutError:
            raise StoreUnavailable("o banco de dados não respondeu no prazo da chamada") from None

    async def _hidden(self, candidate: Candidate) -> tuple[Door, ChatRequest]:
        """Raises TransferRefused. Searching a long prompt, or for many, would hold up everybody else on the loop."""

        def hide() -> tuple[Door, ChatRequest]:
            door = self.around.door(self.context)
            return door, door.hide(self.request)

        if candidate.prompt_tokens < _LONG_PROMPT and len(self.context.identifiers.names) < _MANY_PEOPLE:
            return hide()
        return await asyncio.to_thread(hide)

    async def _draw_consequences(self, attempt: Attempt, fault: Fault) -> None:
        pause = self.around.backoff.pause(self._retry, fault.retry_after)
        again = not attempt.has_left and self._worth_waiting(fault, pause)
        if fault.kind.counts_against_deployment:
            cool_down = None if again else fault.retry_after
            self._probed = None
            failed = self.around.breakers.failed(attempt.candidate.id, fault.kind.value, cool_down)
            await undisturbed(failed, self.until)
        if attempt.has_left:
            raise AnswerBroken(fault.detail, "".join(attempt.partial), fault.kind.value)
        if not fault.kind.may_fall_back:
            raise _error_of(fault)
        if fault.kind is FaultKind.OVERFLOW:
            self._overflowed = max(self._overflowed, attempt.candidate.deployment.context_tokens)
        if again:
            await asyncio.sleep(pause)
            self._retry += 1
        else:
            self.failures.append(_error_of(fault))
            self._go_on()

    def _worth_waiting(self, fault: Fault, pause: float) -> bool:
        if not fault.kind.retryable or self._retry >= self.retries or pause >= self._room_s():
            return False
        last = self._place == len(self.candidates) - 1
        return self.around.backoff.bears(pause, last=last)

    def _room_s(self) -> float:
        return self.until - asyncio.get_running_loop().time()

    def _go_on(self) -> None:
        self._place += 1
        self._retry = 0

    def _leave_alone(self, candidate: Candidate, rest: NotAsked) -> None:
        if candidate.reserve_microusd:
            self._resting.append(rest)
        self._pass_over(candidate, rest, _BREAKER_OPEN)

    def _pass_over(self, candidate: Candidate, why: NotAsked, reason: str | None = None) -> None:
        self.failures.append(why)
        metrics.SKIPPED.labels(candidate.id, reason or why.kind).inc()
        _log.info("model_passed_over", deployment=candidate.id, kind=why.kind, request_id=self.context.request_id)


def _rest(admission: Admission) -> NotAsked:
    """Its last failure, where that was final: who comes while it rests is told what those before were told."""
    if admission.kind is not None and not FaultKind(admission.kind).retryable:
        return _error_of(Fault.of(FaultKind(admission.kind)))
    wait = (admission.until - datetime.now(UTC)).total_seconds() if admission.until else None
    wait = None if wait is None else max(0.0, wait)
    return ModelUnavailable("o modelo falhou há pouco e está em descanso", wait, _BREAKER_OPEN)


def _error_of(fault: Fault) -> NotAsked:
    """Our error for a fault that is final for one deployment."""
    if fault.kind is FaultKind.OVERFLOW:
        return ContextOverflow(fault.detail, kind=fault.kind.value)
    if fault.kind.retryable:
        return ModelUnavailable(fault.detail, fault.retry_after, fault.kind.value)
    return ModelRefused(fault.detail, kind=fault.kind.value)
