"""crewai's view of our gateway. Policy (retries, deadlines, where a model may live) stays in the gateway."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from crewai import BaseLLM
from crewai.events.types.llm_events import LLMCallType
from crewai.llms.base_llm import llm_call_context
from pydantic import PrivateAttr

from handlers.crew_runtime.outgoing_guard import OutgoingGuard
from handlers.crew_runtime.run_state import RunState
from shared.errors import ExecutionError, ModelRefused, ModelUnavailable
from shared.execution import Run
from shared.llm.contract import ChatReply, ChatRequest, Interrupted, ToolCall
from shared.llm.gateway import LlmGateway
from shared.llm.translation import estimate_tokens

# crewai spills a tool result larger than a quarter of this to a temporary file; ours are far smaller.
_CONTEXT_WINDOW_TOKENS = 32_768


class GatewayLLM(BaseLLM):
    """One per run. `call` returns text, or OpenAI-shaped tool calls for the executor to run."""

    _gateway: LlmGateway = PrivateAttr()
    _guard: OutgoingGuard = PrivateAttr()
    _run: Run = PrivateAttr()
    _state: RunState = PrivateAttr()

    def __init__(self, gateway: LlmGateway, guard: OutgoingGuard, run: Run, state: RunState) -> None:
        super().__init__(model=gateway.model, provider=gateway.provider)
        self._gateway = gateway
        self._guard = guard
        self._run = run
        self._state = state

    def supports_function_calling(self) -> bool:
        return True

    def get_context_window_size(self) -> int:
        return _CONTEXT_WINDOW_TOKENS

    def get_input_tokens_count(self, messages: Any, tools: Any = None, response_model: Any = None) -> int:
        texts = [messages] if isinstance(messages, str) else [str(message.get("content") or "") for message in messages]
        return sum(estimate_tokens(text) for text in texts)

    def call(
        self,
        messages: Any,
        tools: list[dict[str, Any]] | None = None,
        callbacks: list[Any] | None = None,
        available_functions: dict[str, Any] | None = None,
        from_task: Any = None,
        from_agent: Any = None,
        response_model: Any = None,
    ) -> str | list[dict[str, Any]]:
        """Any failure leaves the crew through `RunState.stop`; what it was stands in the state."""
        request = ChatRequest(self._format_messages(messages), tools or [])
        with llm_call_context():
            # Events carry no messages: they would be copied for every listener, text and all.
            self._emit_call_started_event([], from_task=from_task, from_agent=from_agent)
            reply = self._ask(request)
            if isinstance(reply, ChatReply):
                kind = LLMCallType.TOOL_CALL if reply.tool_calls else LLMCallType.LLM_CALL
                self._emit_call_completed_event("", kind, from_task, from_agent)
            else:
                self._emit_call_failed_event(type(reply).__name__, from_task, from_agent)
                self._state.stop(reply)
        return [_openai_shape(call) for call in reply.tool_calls] or reply.text

    def _ask(self, request: ChatRequest) -> ChatReply | ExecutionError | None:
        """The reply, or why there is none; `None` when the run was interrupted."""
        started = time.monotonic()
        try:
            self._guard.check(_texts(request.messages))
            reply = self._gateway.complete(
                request, timeout=max(0.1, self._run.remaining()), interruption=self._state.interruption
            )
        except (ModelUnavailable, ModelRefused) as failure:
            return failure
        except Interrupted:
            return None
        self._account(reply, time.monotonic() - started)
        return reply

    def _account(self, reply: ChatReply, seconds: float) -> None:
        usage = reply.usage
        self._state.bill(usage)
        self._track_token_usage_internal(
            {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
        )
        self._run.step(
            "model_call",
            seconds=round(seconds, 3),
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            tool_calls=len(reply.tool_calls),
        )


def _openai_shape(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _texts(messages: list[dict[str, Any]]) -> Iterator[str]:
    for message in messages:
        if isinstance(message.get("content"), str):
            yield message["content"]
        for call in message.get("tool_calls") or ():
            yield call["function"]["arguments"]
