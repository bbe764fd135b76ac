"""How large a request is, without the provider's own counter: that one would need the network.

Good enough for windows, reservations and for providers that do not count; bills use the provider's figures.
"""

from __future__ import annotations

from typing import Any

from shared.llm.contract import ChatRequest

_CHARACTERS_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 4
# A picture is billed by its size, not by the length of its base64 text.
_TOKENS_PER_PICTURE = 1_000
_MAX_TOKENS_NAMES = ("max_completion_tokens", "max_tokens")


def tokens_of(characters: int) -> int:
    """About four characters to a token."""
    return -(-characters // _CHARACTERS_PER_TOKEN)


def estimate_prompt(request: ChatRequest) -> int:
    """Tokens of all messages and of the tools' descriptions together."""
    tokens = _TOKENS_PER_MESSAGE * len(request.messages)
    characters = _characters(request.tools)
    for message in request.messages:
        if not isinstance(message, dict):
            continue  # refused by name, deployment by deployment
        content = message.get("content")
        parts = content if isinstance(content, list) else [content]
        texts = [part for part in parts if not _is_picture(part)]
        tokens += _TOKENS_PER_PICTURE * (len(parts) - len(texts))
        characters += _characters(texts) + _characters(message.get("tool_calls"))
    return tokens + tokens_of(characters)


def prompt_characters(request: ChatRequest) -> int:
    """Characters of everything that would be sent, pictures included."""
    return _characters(request.messages) + _characters(request.tools)


def most_output(request: ChatRequest, otherwise: int) -> int:
    """The most tokens that the answer may have: the caller's own limit, else `otherwise`."""
    for name in _MAX_TOKENS_NAMES:
        value = request.parameters.get(name)
        if isinstance(value, int):
            return value
    return otherwise


def _is_picture(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type", "text") != "text"


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(str(key)) + _characters(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return sum(_characters(item) for item in value)
    return 0 if value is None else len(str(value))
