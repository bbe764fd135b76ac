"""What a message may hold besides text, and which providers can read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.llm.errors import ParameterRefused

_OPENAI_FAMILY = frozenset({"openai", "openai_compatible"})
# By a link, gemini's library would fetch the picture itself, from inside the house; ollama knows no links.
_PICTURES_IN_LINE = frozenset({"gemini", "ollama"})
_PICTURES = frozenset({"anthropic", "mistral"}) | _PICTURES_IN_LINE
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


def refuse_unreadable(provider: str, messages: Iterable[dict[str, Any]]) -> None:
    """Raises ParameterRefused for a role or a kind of content that would not reach the provider as it is meant."""
    for place, message in enumerate(messages):
        if message.get("role") not in _ROLES:
            raise ParameterRefused(f"messages[{place}].role", f"deve ser um de {', '.join(sorted(_ROLES))}")
        content = message.get("content")
        if content is None or isinstance(content, str):
            continue
        if not isinstance(content, list):
            raise ParameterRefused(f"messages[{place}].content", "deve ser um texto ou uma lista de partes")
        for number, part in enumerate(content):
            reason = _reason(provider, part)
            if reason:
                raise ParameterRefused(f"messages[{place}].content[{number}]", reason)


def _reason(provider: str, part: Any) -> str | None:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text":
        return None if isinstance(part.get("text"), str) else "text deve ser um texto"
    if kind is None:
        return "deve ser um objeto com type"
    if provider in _OPENAI_FAMILY:
        return None
    if kind != "image_url" or provider not in _PICTURES:
        return "este modelo só lê texto" if provider not in _PICTURES else "este modelo só lê texto e imagens"
    return _picture_reason(provider, part)


def _picture_reason(provider: str, part: dict[str, Any]) -> str | None:
    picture = part.get("image_url")
    link = picture.get("url") if isinstance(picture, dict) else None
    if not isinstance(link, str):
        return "image_url.url deve ser um texto"
    if provider in _PICTURES_IN_LINE and not link.startswith("data:"):
        return "este modelo só lê imagens em linha (data:)"
    return None
