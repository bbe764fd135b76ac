"""LangChain's ChatOpenAI, without what it leaves out of an answer and says nothing about."""

from __future__ import annotations

from typing import Any

from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI

from shared.llm.wire.finish_reasons import WITHHELD
from shared.llm.wire.langchain_client import THOUGHTS

_THOUGHTS = ("reasoning_content", "reasoning")  # vLLM and DeepSeek; OpenRouter
_WITHHELD = {"finish_reason": WITHHELD}


class ErrorInAnswer(Exception):
    """OpenRouter's way to fail once its answer has begun: status 200, and the body says what it was."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(str(body.get("message", "")))
        self.body = body
        self.code = body.get("code")


class CompleteChatOpenAI(ChatOpenAI):
    """A refusal is the answer's text, withheld by its finish reason, as every other provider says it.

    Servers that only look like OpenAI number no tool calls, or put their reason to stop beside a `delta` of null:
    LangChain drops all calls of such a piece, and the reason; and of what a model thinks even that it does.
    """

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        choice = (chunk.get("choices") or [{"delta": {}}])[0]
        delta = choice["delta"] = choice["delta"] or {}
        for call in delta.get("tool_calls") or ():
            call.setdefault("index", None)
            call["function"] = call.get("function") or {}
        refusal = delta.get("refusal")
        if refusal:
            delta["content"] = refusal
        made = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        if made is not None:
            if refusal:
                made.generation_info = {**(made.generation_info or {}), **_WITHHELD}
            if any(delta.get(name) for name in _THOUGHTS):
                made.message.additional_kwargs[THOUGHTS] = True
        return made

    def _create_chat_result(self, response: Any, generation_info: dict[str, Any] | None = None) -> ChatResult:
        error = getattr(response, "error", None)
        if isinstance(error, dict):
            raise ErrorInAnswer(error)
        result = super()._create_chat_result(response, generation_info)
        for generation in result.generations:
            refusal = generation.message.additional_kwargs.get("refusal")
            if refusal:
                generation.message.content = generation.message.content or refusal
                generation.generation_info = {**(generation.generation_info or {}), **_WITHHELD}
        return result
