"""LangChain's answer → our `ChatReply`. Anything half is an error here, never a shorter answer."""

from __future__ import annotations

from langchain_core.messages import AIMessage

from shared.errors import ModelRefused, ModelUnavailable
from shared.llm.contract import ChatReply, ChatRequest, ToolCall, Usage

_CHARACTERS_PER_TOKEN = 4
_REFUSED_REASONS = {
    "length": "a resposta do modelo foi cortada pelo limite de tokens",
    "content_filter": "o filtro do provedor bloqueou a resposta",
}


def to_reply(message: AIMessage, request: ChatRequest, *, provider: str, model: str) -> ChatReply:
    """Raises `ModelUnavailable` for an empty or unfinished answer, `ModelRefused` for a cut or filtered one."""
    reason = message.response_metadata.get("finish_reason")
    if reason in _REFUSED_REASONS:
        raise ModelRefused(_REFUSED_REASONS[reason])
    if not reason:
        raise ModelUnavailable("o modelo não disse que terminou a resposta")
    if message.invalid_tool_calls:
        raise ModelUnavailable("o modelo pediu uma ferramenta com argumentos ilegíveis")
    text = message.text.strip()
    calls = tuple(
        ToolCall(call["id"] or f"call_{index}", call["name"], call["args"])
        for index, call in enumerate(message.tool_calls)
    )
    if not text and not calls:
        raise ModelUnavailable("o modelo respondeu vazio")
    return ChatReply(text, calls, str(reason), _usage(message, request), provider, model, "unico", "")


def estimate_tokens(text: str) -> int:
    """About four characters to a token: good enough for limits and for providers that do not count."""
    return (len(text) + _CHARACTERS_PER_TOKEN - 1) // _CHARACTERS_PER_TOKEN


def _usage(message: AIMessage, request: ChatRequest) -> Usage:
    counted = message.usage_metadata
    if counted:
        return Usage(counted["input_tokens"], counted["output_tokens"], "provider")
    sent = sum(estimate_tokens(str(entry.get("content") or "")) for entry in request.messages)
    return Usage(sent, estimate_tokens(message.text), "estimate")
