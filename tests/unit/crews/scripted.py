"""Models that answer what a test wrote down, and remember what they were asked."""

from __future__ import annotations

from shared.llm.contract import CallContext, ChatReply, ChatRequest, ToolCall, Usage
from shared.llm.interruption import Interruption


def reply(text: str = "", *calls: ToolCall, finish_reason: str = "stop", deployment: str = "a") -> ChatReply:
    return ChatReply(
        text=text,
        tool_calls=calls,
        finish_reason=finish_reason,
        usage=Usage(10, 5, "provider"),
        provider="openai_compatible",
        model=f"modelo-{deployment}",
        deployment=deployment,
        request_id="r",
        cost_microusd=7,
        fallback=deployment != "a",
    )


class ScriptedModels:
    """One entry per call, in order; an exception is raised. The last one repeats."""

    def __init__(self, *answers: ChatReply | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[ChatRequest] = []
        self.contexts: list[CallContext] = []

    def complete(self, request: ChatRequest, context: CallContext, *, interruption: Interruption) -> ChatReply:
        self.requests.append(request)
        self.contexts.append(context)
        answer = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer
