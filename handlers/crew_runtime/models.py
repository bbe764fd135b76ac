"""The one thing a crew asks of the gateway."""

from __future__ import annotations

from typing import Protocol

from shared.llm.contract import CallContext, ChatReply, ChatRequest
from shared.llm.interruption import Interruption


class CrewModels(Protocol):
    """`shared.llm.blocking.BlockingGateway`, or whoever stands in for it."""

    def complete(self, request: ChatRequest, context: CallContext, *, interruption: Interruption) -> ChatReply:
        """Block this thread until the whole answer is there.

        Raises the `ModelUnavailable` and `ModelRefused` families, `StoreUnavailable`, or `Interrupted` within
        milliseconds of `interruption.fire()`.
        """
