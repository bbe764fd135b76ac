"""One upstream request: bounded in time, billed once, and its failure kept as a word of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from shared.errors import ModelRefused, ModelUnavailable, StoreUnavailable
from shared.llm.bill import Bill
from shared.llm.candidates import Candidate, NotAsked
from shared.llm.contract import ChatRequest, TextDelta, ToolCall, ToolCallDelta
from shared.llm.deadlines import Limits, Paced
from shared.llm.errors import BudgetExhausted
from shared.llm.failures import Fault, FaultKind, causes, classify
from shared.llm.ports import ModelClient, Thinking, WireReply
from shared.llm.undisturbed import undisturbed
from shared.llm.unusable import Unusable

_log = structlog.get_logger(__name__)
# Answers although they may be empty: the provider says why, and asking again would change nothing.
_TELLS_WHY = frozenset({"length", "content_filter"})

Piece = TextDelta | ToolCallDelta


class Restoring(Protocol):
    """Pseudonyms back into what they stand for, piece by piece; some text may be held back until it is clear."""

    def feed(self, piece: Piece) -> Iterable[Piece]:
        """What may leave now."""

    def flush(self) -> Iterable[Piece]:
        """What was held back to the end."""


class Door(Protocol):
    """See `shared.llm.privacy_door.PrivacyDoor`."""

    def hide(self, request: ChatRequest) -> ChatRequest: ...
    def restore_text(self, text: str) -> str: ...
    def restore_arguments(self, arguments: dict[str, Any]) -> dict[str, Any]: ...
    def restoring(self) -> Restoring: ...


@dataclass(slots=True)
class Asked:
    """What one attempt needs to know."""

    candidate: Candidate
    client: ModelClient
    request: ChatRequest  # as it leaves: hidden where the deployment is outside
    door: Door | None
    until: float  # on the loop's clock


class Attempt:
    """Use `complete` or `stream`, once. Afterwards one of `answer`, `fault` and `refusal` is set."""

    def __init__(self, asked: Asked, bill: Bill) -> None:
        self._asked = asked
        self.bill = bill
        self.answer: WireReply | None = None
        self.refusal: NotAsked | None = None
        self.partial: list[str] = []
        self.has_left = False

    @property
    def candidate(self) -> Candidate:
        return self._asked.candidate

    @property
    def fault(self) -> Fault | None:
        return self.bill.fault

    async def complete(self) -> None:
        """Ask and wait for the whole. Raises StoreUnavailable: nothing was asked."""
        if not await self._reserved():
            return
        async with self.bill as bill:
            limits = Limits(self.candidate.deployment, self._asked.until)
            bill.sent()
            try:
                self._accept(await limits.whole(self._asked.client.complete(self._asked.request)))
            except Exception as error:  # noqa: BLE001 - whatever a provider raises becomes one of our words
                self._failed(error)

    async def stream(self) -> AsyncGenerator[Piece, None]:
        """Ask and hand on each piece as it comes. Raises as `complete`; closing it closes the upstream socket."""
        restoring = self._asked.door.restoring() if self._asked.door else None
        if not await self._reserved():
            return
        async with self.bill as bill:
            limits = Limits(self.candidate.deployment, self._asked.until)
            bill.sent()
            whole: WireReply | None = None
            pieces = self._asked.client.stream(self._asked.request)
            try:
                async for piece in Paced(pieces, limits):
                    if isinstance(piece, WireReply):
                        whole = piece
                        continue
                    if isinstance(piece, Thinking):
                        continue  # it only keeps the limits of time from running out
                    bill.count(len(piece.text if isinstance(piece, TextDelta) else piece.arguments))
                    for clear in restoring.feed(piece) if restoring else (piece,):
                        self._leaves(clear)
                        yield clear
                for clear in restoring.flush() if restoring else ():
                    self._leaves(clear)
                    yield clear
                self._accept(whole)
            except Exception as error:  # noqa: BLE001 - as in complete
                self._failed(error)
            finally:
                if whole is None:
                    await undisturbed(pieces.aclose(), self._asked.until)

    async def _reserved(self) -> bool:
        """Raises StoreUnavailable."""
        try:
            async with asyncio.timeout_at(self._asked.until):
                await self.bill.reserve()
        except BudgetExhausted as refusal:
            self.refusal = refusal
            return False
        except TimeoutError:
            raise StoreUnavailable("o banco de dados não respondeu no prazo da chamada") from None
        return True

    def _leaves(self, piece: Piece) -> None:
        self.has_left = True
        if isinstance(piece, TextDelta):
            self.partial.append(piece.text)

    def _accept(self, whole: WireReply | None) -> None:
        """Keep a whole answer. Raises Unusable for a truncated or an empty one; what it used is billed all the same."""
        if whole is None:
            raise Unusable(FaultKind.TRUNCATED)
        reason = whole.finish_reason
        self.bill.finish_reason = reason
        self.bill.count_whole(whole.usage, _characters(whole), ended=reason is not None)
        if reason is None and self.candidate.deployment.needs_finish_reason:
            raise Unusable(FaultKind.TRUNCATED)
        may_be_empty = reason in _TELLS_WHY or self._asked.request.parameters.get("stop")  # it began with a stop text
        if not whole.text.strip() and not whole.tool_calls and not may_be_empty:
            raise Unusable(FaultKind.EMPTY)
        self.answer = self._restored(whole)

    def _restored(self, whole: WireReply) -> WireReply:
        reason = whole.finish_reason or ("tool_calls" if whole.tool_calls else "stop")
        door = self._asked.door
        if door is None:
            return WireReply(whole.text, whole.tool_calls, reason, whole.usage)
        calls = tuple(ToolCall(call.id, call.name, door.restore_arguments(call.arguments)) for call in whole.tool_calls)
        return WireReply(door.restore_text(whole.text), calls, reason, whole.usage)

    def _failed(self, error: Exception) -> None:
        refusal = next((cause for cause in causes(error) if isinstance(cause, ModelRefused | ModelUnavailable)), None)
        if refusal is not None:
            self.refusal = refusal  # ours, whatever a library has made of it: no connection was made, nothing left
            self.bill.withdraw()
            return
        fault = Fault.of(error.kind) if isinstance(error, Unusable) else classify(error)
        self.bill.fault = fault
        _log.warning(
            "model_attempt_failed",
            request_id=self.bill.id,
            deployment=self.candidate.id,
            kind=fault.kind.value,
            status=fault.status,
            error=type(error).__name__,
        )


def _characters(whole: WireReply) -> int:
    return len(whole.text) + sum(len(call.name) + len(str(call.arguments)) for call in whole.tool_calls)
