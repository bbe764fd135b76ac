"""OpenAI's messages → LangChain's, for the providers whose protocol is another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.messages.utils import convert_to_messages


def langchain_messages(messages: Iterable[dict[str, Any]]) -> list[BaseMessage]:
    """Content that is text alone becomes one string: every provider means the same by that."""
    return convert_to_messages([{**message, "content": _plain(message.get("content"))} for message in messages])


def _plain(content: Any) -> Any:
    if isinstance(content, list) and all(part.get("type") == "text" for part in content):
        return "\n".join(part["text"] for part in content)
    return content or ""
