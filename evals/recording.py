"""What a run and a gateway tell the harness: each call with its tokens, each draft, each verdict of the guardrail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from handlers.crew_runtime.models import CrewModels
from shared.llm.contract import CallContext, ChatReply, ChatRequest
from shared.llm.interruption import Interruption

_DEADLINE_S = 900.0


@dataclass
class RecordedRun:
    """A `Run` that nobody interrupts; it keeps how often the guardrail looked at a draft."""

    task_id: str
    attempt: int = 1
    tenant: str = "default"
    client: str = "evals"
    verdicts: list[bool] = field(default_factory=list)

    def progress(self, done: int, total: int, agent: str) -> None:
        """The harness shows cases, not agents."""

    def step(self, kind: str, **data: Any) -> None:
        if kind == "opinion_checked":
            self.verdicts.append(bool(data["accepted"]))

    def check(self) -> None:
        """Never stopped."""

    def remaining(self) -> float:
        return _DEADLINE_S

    def on_interrupt(self, callback: Any) -> None:
        """Never stopped."""


class RecordingModels:
    """One case's view of the gateway that all cases share."""

    def __init__(self, shared: CrewModels) -> None:
        self._shared = shared
        self.replies: list[ChatReply] = []

    def complete(self, request: ChatRequest, context: CallContext, *, interruption: Interruption) -> ChatReply:
        reply = self._shared.complete(request, context, interruption=interruption)
        self.replies.append(reply)
        return reply

    def drafts(self, checked: int) -> list[str]:
        """The texts the guardrail looked at: the last agent's, hence the last ones."""
        texts = [reply.text for reply in self.replies if not reply.tool_calls]
        return texts[-checked:] if checked else []
