"""The default model: deterministic, in the process, no network, no language model.

To a crew it calls tools for real and repeats the findings they return; to anybody else it says that no model is
configured. It understands nothing, and says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from shared.errors import ModelRefused
from shared.llm.contract import ChatRequest, TextDelta, ToolCall, ToolCallDelta
from shared.llm.offline_reply import holds_a_case, opinion, tool_calls
from shared.llm.ports import WireReply

NO_MODEL = (
    "Nenhum modelo de linguagem está configurado nesta instalação: esta é uma resposta fixa e a mensagem não foi"
    " interpretada. Para conversar com um modelo, o responsável pela instalação deve configurar MODELS_FILE ou"
    " MODEL_PROVIDER."
)
_WORD = re.compile(r"\s*\S+\s*")


class OfflineClient:
    """See `ModelClient`. Same messages in, same text out."""

    async def complete(self, request: ChatRequest) -> WireReply:
        """Raises `ModelRefused` when a case offers neither a tool to call nor a finding to cite."""
        calls = _calls(request)
        if calls:
            return WireReply("", calls, "tool_calls", None)
        text, finish_reason = _limited(_text(request), request.parameters)
        return WireReply(text, (), finish_reason, None)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ToolCallDelta | WireReply, None]:
        """The same, a word at a time."""
        reply = await self.complete(request)
        for piece in _WORD.findall(reply.text):
            yield TextDelta(piece)
        for index, call in enumerate(reply.tool_calls):
            yield ToolCallDelta(index, json.dumps(call.arguments, ensure_ascii=False), call.id, call.name)
        yield reply

    async def close(self) -> None:
        """Nothing is open."""


def _calls(request: ChatRequest) -> tuple[ToolCall, ...]:
    if request.parameters.get("tool_choice") == "none":
        return ()
    found = tool_calls(request.messages, request.tools)
    return tuple(ToolCall(call["id"], call["name"], call["args"]) for call in found)


def _text(request: ChatRequest) -> str:
    if not holds_a_case(request.messages):
        return NO_MODEL
    try:
        return opinion(request.messages)
    except ValueError:
        pass
    raise ModelRefused("o modelo offline não tem achados para descrever")


def _limited(text: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    """The text up to a stop text or to so many words, which are its tokens; and why it ends there."""
    stop = parameters.get("stop") or ()
    for end in (stop,) if isinstance(stop, str) else stop:
        text = text.partition(end)[0]
    most = parameters.get("max_completion_tokens") or parameters.get("max_tokens")
    words = _WORD.findall(text)
    if most is None or len(words) <= most:
        return text, "stop"
    return "".join(words[:most]).rstrip(), "length"
