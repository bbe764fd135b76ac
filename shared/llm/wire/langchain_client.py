"""A LangChain chat model as a `ModelClient`.

`_agenerate` and `_astream` are called directly: the public methods put callbacks around the same two, a copy of every
chunk, which costs more than all of the gateway, and tracing, which one environment variable sends out of the house.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from operator import add
from typing import Any

import anyio
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from shared.llm.contract import ChatRequest, TextDelta, ToolCall, ToolCallDelta, Usage
from shared.llm.failures import MalformedAnswer, MalformedToolArguments
from shared.llm.ports import Thinking, WireReply
from shared.llm.wire.finish_reasons import WITHHELD, finish_reason
from shared.llm.wire.legible_text import LegibleStream, legible
from shared.llm.wire.reply_assembly import CUT_OFF, ReplyAssembly, is_json_object, stop_or_calls
from shared.llm.wire.sending import refused_unless_sent

THOUGHTS = "reasoning_content"  # of a chunk's additional_kwargs
_MOST_TOKENS = 2**31 - 1  # what a column of the ledger holds


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider is spoken to. `call` makes a request's LangChain messages and the model's own options.

    `usage_adds_up`: every chunk counts only itself; otherwise each counts all so far. `thinks_without_words`: a chunk
    that says nothing is one that the model spent on thinking.
    """

    model: BaseChatModel
    call: Callable[[ChatRequest], tuple[list[BaseMessage], dict[str, Any]]]
    close: Callable[[], Awaitable[None]]
    usage_adds_up: bool = False
    thinks_without_words: bool = False


class LangChainClient:
    """See `ModelClient`. Belongs to the loop that makes its first call."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._model: Any = dialect.model

    async def complete(self, request: ChatRequest) -> WireReply:
        with refused_unless_sent(request):
            messages, options = self._dialect.call(request)
            result = await self._model._agenerate(messages, **options)
        if not result.generations:
            raise MalformedAnswer("no choices")
        first = result.generations[0]
        return _whole(first.message, first.generation_info, result.llm_output)

    async def stream(
        self, request: ChatRequest
    ) -> AsyncGenerator[TextDelta | ToolCallDelta | Thinking | WireReply, None]:
        answer, legibly = ReplyAssembly(), LegibleStream()
        with refused_unless_sent(request):
            messages, options = self._dialect.call(request)
            chunks = self._model._astream(messages, **options)
            try:
                async for chunk in chunks:
                    message = chunk.message
                    content, text = message.content, ""
                    if content:
                        text = legibly.feed(content if isinstance(content, str) else str(message.text))
                        if text:
                            answer.texts.append(text)
                            yield TextDelta(text)
                    if message.tool_call_chunks:
                        for delta in answer.fragments(message.tool_call_chunks):
                            yield delta
                    if not (text or message.tool_call_chunks or chunk.generation_info) and self._thinks(message):
                        yield Thinking()
                    if chunk.generation_info or message.response_metadata or message.usage_metadata:
                        self._note(answer, chunk, message)
            finally:
                # The caller may be cancelled: the socket is closed all the same.
                with anyio.CancelScope(shield=True):
                    await chunks.aclose()
        answer.usage = _believable(answer.usage)  # a piece alone may take back what another counted
        yield answer.whole()

    async def close(self) -> None:
        await self._dialect.close()

    def _thinks(self, message: AIMessageChunk) -> bool:
        """Of a chunk that says nothing."""
        content = message.content
        if isinstance(content, list):
            return any(isinstance(block, dict) and block.get("type") == "thinking" for block in content)
        return self._dialect.thinks_without_words or THOUGHTS in message.additional_kwargs

    def _note(self, answer: ReplyAssembly, chunk: ChatGenerationChunk, message: AIMessageChunk) -> None:
        reason = finish_reason(chunk.generation_info, message.response_metadata)
        if answer.finish_reason != WITHHELD:  # a refusal may end in a plain `stop`
            answer.finish_reason = reason or answer.finish_reason
        counted = _usage(message.usage_metadata)
        if counted and answer.usage:
            counted = _added(answer.usage, counted, max if not self._dialect.usage_adds_up else add)
        answer.usage = counted or answer.usage


def _added(one: Usage, other: Usage, how: Callable[[int, int], int]) -> Usage:
    prompt = how(one.prompt_tokens, other.prompt_tokens)
    return Usage(prompt, how(one.completion_tokens, other.completion_tokens), "provider")


def _whole(message: AIMessage, *told: Mapping[str, Any] | None) -> WireReply:
    reason = finish_reason(message.response_metadata, *told)
    readable = [call for call in message.tool_calls if is_json_object(call["args"])]
    if reason not in CUT_OFF and (message.invalid_tool_calls or len(readable) < len(message.tool_calls)):
        raise MalformedToolArguments("arguments are no JSON object")
    calls = tuple(
        ToolCall(call["id"] or f"call_{index}", call["name"], call["args"]) for index, call in enumerate(readable)
    )
    return WireReply(
        legible(str(message.text)), calls, stop_or_calls(reason, calls), _believable(_usage(message.usage_metadata))
    )


def _usage(counted: Mapping[str, Any] | None) -> Usage | None:
    if not counted or not counted["input_tokens"] + counted["output_tokens"]:
        return None
    return Usage(counted["input_tokens"], counted["output_tokens"], "provider")


def _believable(usage: Usage | None) -> Usage | None:
    """None for what can be no number of tokens, as where nobody counted: bills and budgets stand on it."""
    counts = (usage.prompt_tokens, usage.completion_tokens) if usage else ()
    return usage if all(isinstance(count, int) and 0 <= count <= _MOST_TOKENS for count in counts) else None
