"""OpenAI's messages → LangChain's, for the providers whose protocol is another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.messages.utils import convert_to_messages


def langchain_messages(messages: Iterable[dict[str, Any]]) -> list[BaseMessage]:
    """Of messages that `shared.llm.message_checks` let through."""
    return convert_to_messages([_plain(message) for message in messages])


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    """Without what OpenAI allows in more than one way."""
    plain = {**message, "content": _content(message.get("content"))}
    calls = message.get("tool_calls")
    if calls:
        plain["tool_calls"] = [_call(call) for call in calls]
    else:
        plain.pop("tool_calls", None)
    return plain


def _content(content: Any) -> Any:
    """Content that is text alone becomes one string: every provider means the same by that."""
    if isinstance(content, list) and all(part.get("type") == "text" for part in content):
        return "\n".join(part["text"] for part in content)
    return content or ""


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = call["function"]
    return {**call, "function": {**function, "arguments": function["arguments"] or "{}"}}
