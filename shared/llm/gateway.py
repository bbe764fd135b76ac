"""The one door to models: checks a request, and runs its course over the deployments of its policy.

Retry and fallback end where the first piece of an answer has left; what counts as an answer, what is billed and what
a caller sees of a failure is the same for every provider and every surface (docs/gateway-faults.md).
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress

from shared.llm.candidates import Admissibility, nobody
from shared.llm.catalogue import Catalogue, Policy
from shared.llm.contract import CallContext, ChatReply, ChatRequest, Finished, ModelCard, StreamEvent
from shared.llm.course import Course, Surroundings
from shared.llm.deadlines import time_to_wind_up
from shared.llm.errors import ParameterRefused, PromptTooLarge, UnknownModel
from shared.llm.ports import ReplyCache
from shared.llm.replay import as_stream
from shared.llm.residences import Residences
from shared.llm.tokens import prompt_characters
from shared.llm.undisturbed import finish

_SETTLING_S = 5.0
_LOOK_S = 0.01


class Gateway:
    """See `contract.ModelGateway`. Made after a fork; what belongs to a loop is made by the first call on it."""

    def __init__(
        self,
        catalogue: Catalogue,
        around: Surroundings,
        residences: Residences,
        cache: ReplyCache,
        *,
        transfer_allowed: bool,
        max_prompt_chars: int,
        at_close: Callable[[], None],
    ) -> None:
        """`at_close` may block: it writes what is still to be settled."""
        self._catalogue = catalogue
        self._around = around
        self._residences = residences
        self._cache = cache
        self._admissibility = Admissibility(transfer_allowed=transfer_allowed)
        self._max_prompt_chars = max_prompt_chars
        self._at_close = at_close
        self._under_way: set[Course] = set()

    async def complete(self, request: ChatRequest, context: CallContext) -> ChatReply:
        """See `contract.ModelGateway`."""
        until = asyncio.get_running_loop().time() + context.deadline_s
        policy = self._checked(request)
        cached = await self._cached(request, context, until)
        if cached is not None:
            return cached
        async with self._course(policy, request, context, until) as course:
            while (attempt := await course.next_attempt()) is not None:
                await attempt.complete()
                if await course.answered(attempt):
                    reply = course.reply(attempt)
                    await self._keep(request, context, reply, course.until)
                    return reply
            raise course.final_error()

    async def stream(self, request: ChatRequest, context: CallContext) -> AsyncGenerator[StreamEvent, None]:
        """See `contract.ModelGateway`."""
        until = asyncio.get_running_loop().time() + context.deadline_s
        policy = self._checked(request)
        cached = await self._cached(request, context, until)
        if cached is not None:
            for event in as_stream(cached):
                yield event
            return
        async with self._course(policy, request, context, until) as course:
            while (attempt := await course.next_attempt()) is not None:
                async with aclosing(attempt.stream()) as pieces:
                    async for piece in pieces:
                        yield piece
                if await course.answered(attempt):
                    reply = course.reply(attempt)
                    await self._keep(request, context, reply, course.until)
                    yield Finished(reply)
                    return
            raise course.final_error()

    def models(self) -> Sequence[ModelCard]:
        """See `contract.ModelGateway`. A policy's card shows its first deployment. Resolves names the first time."""
        known = self._catalogue.policies
        policies = [
            dataclasses.replace(self._card(known[name].deployments[0]), id=name, kind="policy")
            for name in sorted(known, key=lambda name: name != self._catalogue.default)
        ]
        return [*policies, *map(self._card, self._catalogue.deployments)]

    async def close(self) -> None:
        """Settle what was cancelled, and close this loop's connections.

        Calls that were cancelled a moment ago may still be on their way to their bills: they are waited for.
        """
        patience = asyncio.get_running_loop().time() + _SETTLING_S
        while self._under_way and asyncio.get_running_loop().time() < patience:  # noqa: ASYNC110 - brief, at the end
            await asyncio.sleep(_LOOK_S)
        await finish(_SETTLING_S)
        await self._around.clients.close()
        await asyncio.to_thread(self._at_close)

    def _checked(self, request: ChatRequest) -> Policy:
        try:
            characters = prompt_characters(request)
        except RecursionError:
            raise ParameterRefused("tools" if request.tools else "messages", "aninhado demais") from None
        if characters > self._max_prompt_chars:
            raise PromptTooLarge(f"as mensagens passam de {self._max_prompt_chars} caracteres", kind="prompt_too_large")
        policy = self._catalogue.chosen(request.model)
        if policy is None:
            raise UnknownModel("nem política nem modelo com este nome: veja GET /api/llm/models", kind="unknown_model")
        return policy

    async def _cached(self, request: ChatRequest, context: CallContext, until: float) -> ChatReply | None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                return await self._cache.get(request, context)
        return None

    async def _keep(self, request: ChatRequest, context: CallContext, reply: ChatReply, until: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(time_to_wind_up(until, _SETTLING_S)):
                await self._cache.put(request, context, reply)

    @asynccontextmanager
    async def _course(
        self, policy: Policy, request: ChatRequest, context: CallContext, until: float
    ) -> AsyncIterator[Course]:
        deployments = [(name, self._catalogue.deployments[name]) for name in policy.deployments]
        residence = await self._residences.of(deployments, until)
        candidates, reasons = self._admissibility.sort(deployments, residence, request, context)
        if not candidates:
            raise nobody(reasons)
        course = Course(
            self._around, request, context, candidates, policy.deployments[0], policy.retries, until, list(reasons)
        )
        self._under_way.add(course)
        try:
            yield course
        finally:
            await course.leave_probe()
            self._under_way.discard(course)

    def _card(self, name: str) -> ModelCard:
        deployment = self._catalogue.deployments[name]
        inside = self._residences.remembered(name, deployment)
        return ModelCard(
            name,
            "deployment",
            deployment.provider,
            deployment.model,
            deployment.context_tokens,
            deployment.max_output_tokens,
            inside,
        )
