"""crewai's view of our gateway. Policy (retries, fallback, deadlines, budgets, where a model may live) stays there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from crewai import BaseLLM
from crewai.events.types.llm_events import LLMCallType
from crewai.llms.base_llm import llm_call_context
from pydantic import BaseModel, PrivateAttr

from handlers.crew_runtime.case import CrewCase
from handlers.crew_runtime.models import CrewModels
from handlers.crew_runtime.run_state import RunState
from handlers.crew_runtime.structured import REPAIRS, asked_again, asking_for, expected_form, fitted
from shared.errors import ModelRefused, ModelUnavailable, PlantaoError, StoreUnavailable
from shared.execution import Run
from shared.llm.contract import CallContext, ChatReply, ChatRequest, Interrupted, Surface, ToolCall
from shared.privacy.outgoing_guard import OutgoingGuard

# crewai spills a tool result larger than a quarter of this to a temporary file; ours are far smaller.
_CONTEXT_WINDOW_TOKENS = 32_768
_CHARS_PER_TOKEN = 4
_SHORTEST_DEADLINE_S = 0.1

Answer = str | list[dict[str, Any]] | BaseModel


class GatewayLLM(BaseLLM):
    """One per run. `call` returns text, OpenAI-shaped tool calls for the executor to run, or the form asked for."""

    _models: CrewModels = PrivateAttr()
    _guard: OutgoingGuard = PrivateAttr()
    _case: CrewCase = PrivateAttr()
    _domain: str = PrivateAttr()
    _run: Run = PrivateAttr()
    _state: RunState = PrivateAttr()

    def __init__(
        self, models: CrewModels, guard: OutgoingGuard, case: CrewCase, domain: str, run: Run, state: RunState
    ) -> None:
        """`guard` keeps in whoever the case is about; the gateway is told who that is, too."""
        super().__init__(model="gateway", provider="plantao")
        self._models = models
        self._guard = guard
        self._case = case
        self._domain = domain
        self._run = run
        self._state = state

    def supports_function_calling(self) -> bool:
        return True

    def get_context_window_size(self) -> int:
        return _CONTEXT_WINDOW_TOKENS

    def get_input_tokens_count(self, messages: Any, tools: Any = None, response_model: Any = None) -> int:
        texts = [messages] if isinstance(messages, str) else [str(message.get("content") or "") for message in messages]
        return sum(map(len, texts)) // _CHARS_PER_TOKEN

    def call(
        self,
        messages: Any,
        tools: list[dict[str, Any]] | None = None,
        callbacks: list[Any] | None = None,
        available_functions: dict[str, Any] | None = None,
        from_task: Any = None,
        from_agent: Any = None,
        response_model: Any = None,
    ) -> Answer:
        """Any failure leaves the crew through `RunState.stop`; what it was stands in the state."""
        request = ChatRequest(self._format_messages(messages), tools or [])
        form = expected_form(response_model, from_task)
        with llm_call_context():
            # Events carry no messages: they would be copied for every listener, text and all.
            self._emit_call_started_event([], from_task=from_task, from_agent=from_agent)
            answer = self._formed(request, form) if form else self._asked(request)
            if isinstance(answer, PlantaoError | None):
                self._emit_call_failed_event(type(answer).__name__, from_task, from_agent)
                self._state.stop(answer)
            kind = LLMCallType.TOOL_CALL if isinstance(answer, list) else LLMCallType.LLM_CALL
            self._emit_call_completed_event("", kind, from_task, from_agent)
        # With tools crewai expects the text and reads the form out of it itself.
        return answer.model_dump_json() if isinstance(answer, BaseModel) and response_model is None else answer

    def _formed(self, request: ChatRequest, form: type[BaseModel]) -> Answer | PlantaoError | None:
        """The answer in its form, mended by the model a bounded number of times."""
        request = asking_for(request, form)
        for _ in range(REPAIRS + 1):
            answer = self._asked(request)
            if not isinstance(answer, str):
                return answer
            formed = fitted(answer, form)
            if isinstance(formed, BaseModel):
                return formed
            request = asked_again(request, answer, formed)
        return ModelRefused("o modelo não respondeu no formato pedido", kind="output")

    def _asked(self, request: ChatRequest) -> str | list[dict[str, Any]] | PlantaoError | None:
        """Text, tool calls, or why there are none; `None` when the run was interrupted."""
        started = time.monotonic()
        try:
            self._guard.check(_texts(request.messages))
            reply = self._models.complete(request, self._context(), interruption=self._state.interruption)
        except (ModelUnavailable, ModelRefused) as failure:
            self._run.step("model_failed", seconds=_since(started), code=failure.code, reason=failure.kind)
            return failure
        except StoreUnavailable as failure:
            return failure
        except Interrupted:
            return None
        self._account(reply, _since(started))
        if reply.finish_reason in _NOT_WHOLE:
            return ModelRefused(_NOT_WHOLE[reply.finish_reason], kind=reply.finish_reason)
        return [_openai_shape(call) for call in reply.tool_calls] or reply.text.strip()

    def _context(self) -> CallContext:
        """No answer of another case is used again: two patients may have the same findings."""
        return CallContext(
            Surface.CREW,
            max(_SHORTEST_DEADLINE_S, self._run.remaining()),
            tenant=self._run.tenant,
            client=self._run.client,
            domain=self._domain,
            subject_id=self._run.task_id,
            identifiers=self._case.identifiers,
            free_text=self._case.typed_text,
        )

    def _account(self, reply: ChatReply, seconds: float) -> None:
        usage = reply.usage
        self._state.replies.append(reply)
        self._track_token_usage_internal(
            {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
        )
        self._run.step(
            "model_call",
            seconds=seconds,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            tool_calls=len(reply.tool_calls),
            deployment=reply.deployment,
            attempts=reply.attempts,
            fallback=reply.fallback,
        )


# An opinion cut off in the middle, or withheld, is none.
_NOT_WHOLE = {
    "length": "a resposta do modelo foi cortada pelo limite de tokens",
    "content_filter": "o provedor do modelo reteve a resposta",
}


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)


def _openai_shape(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _texts(messages: list[dict[str, Any]]) -> Iterator[str]:
    for message in messages:
        if isinstance(message.get("content"), str):
            yield message["content"]
        for call in message.get("tool_calls") or ():
            yield call["function"]["arguments"]
