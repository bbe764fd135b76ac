"""What messages may hold, and which of it each provider can be told: the rest is refused, not left out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from shared.llm.errors import ParameterRefused

Message = dict[str, Any]

_OPENAI_FAMILY = frozenset({"openai", "openai_compatible"})
_AS_THEY_COME = _OPENAI_FAMILY | {"offline"}
_SYSTEM_FIRST = frozenset({"anthropic", "gemini"})
# By a link, gemini's library would fetch the picture itself, from inside the house; ollama knows no links.
_PICTURES_IN_LINE = frozenset({"gemini", "ollama"})
_PICTURES = frozenset({"anthropic", "mistral"}) | _PICTURES_IN_LINE
_SYSTEM_ROLES = frozenset({"system", "developer"})
_ROLES = _SYSTEM_ROLES | {"user", "assistant", "tool"}


def refuse_unreadable(provider: str, messages: Sequence[Message]) -> None:
    """Raises ParameterRefused for the first thing that would not reach the provider as it is meant."""
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise ParameterRefused(f"messages[{place}].role", f"deve ser um de {', '.join(sorted(_ROLES))}")
        for field, reason in _content(provider, message.get("content")):
            raise ParameterRefused(f"messages[{place}].{field}", reason)
    # These take OpenAI's own shapes; whoever serves them judges the rest.
    if provider not in _AS_THEY_COME:
        for field, reason in _untranslatable(provider, messages):
            raise ParameterRefused(field, reason)


def _content(provider: str, content: Any) -> Iterator[tuple[str, str]]:
    if content is None or isinstance(content, str):
        return
    if not isinstance(content, list):
        yield "content", "deve ser um texto ou uma lista de partes"
        return
    for number, part in enumerate(content):
        reason = _part(provider, part)
        if reason:
            yield f"content[{number}]", reason


def _part(provider: str, part: Any) -> str | None:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind is None:
        return "deve ser um objeto com type"
    if kind == "text":
        return None if isinstance(part.get("text"), str) else "text deve ser um texto"
    if provider in _OPENAI_FAMILY:
        return None
    if provider not in _PICTURES:
        return "este modelo só lê texto"
    return _picture(provider, part) if kind == "image_url" else "este modelo só lê texto e imagens"


def _picture(provider: str, part: Message) -> str | None:
    picture = part.get("image_url")
    link = picture.get("url") if isinstance(picture, dict) else None
    if not isinstance(link, str):
        return "image_url.url deve ser um texto"
    if provider in _PICTURES_IN_LINE and not link.startswith("data:"):
        return "este modelo só lê imagens em linha (data:)"
    return None


def _untranslatable(provider: str, messages: Sequence[Message]) -> Iterator[tuple[str, str]]:
    called: set[str] = set()
    begun = False
    for place, message in enumerate(messages):
        at, role = f"messages[{place}]", message["role"]
        begun = begun or role not in _SYSTEM_ROLES
        if begun and role in _SYSTEM_ROLES and provider in _SYSTEM_FIRST:
            yield at, "este modelo só aceita instruções de sistema antes das outras mensagens"
        if message.get("name") and role != "tool":
            yield f"{at}.name", "este modelo não distingue participantes pelo nome"
        if role == "user" and not message.get("content"):
            yield f"{at}.content", "não pode ser vazio"
        if role == "tool" and message.get("tool_call_id") not in called:
            yield f"{at}.tool_call_id", "não responde a nenhuma chamada anterior"
        yield from _calls(at, message.get("tool_calls") or (), called)
    if not begun:
        yield "messages", "falta uma mensagem além das instruções de sistema"


def _calls(at: str, calls: Iterable[Any], called: set[str]) -> Iterator[tuple[str, str]]:
    for number, call in enumerate(calls):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            yield f"{at}.tool_calls[{number}]", "só chamadas de função são lidas por este modelo"
            continue
        if not is_json_object(function.get("arguments")):
            yield f"{at}.tool_calls[{number}].function.arguments", "deve ser o texto de um objeto JSON"
        if isinstance(call.get("id"), str):
            called.add(call["id"])


def is_json_object(text: Any) -> bool:
    """Of a call's arguments; a call without any may leave the text empty."""
    if text == "":
        return True
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError):
        return False
