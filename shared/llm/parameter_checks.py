"""Whether a parameter's value can be honoured: each check gives the reason why not, in Portuguese, or None."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[[Any], str | None]

EFFORTS = ("low", "medium", "high")


def number(lowest: float, highest: float) -> Check:
    def check(value: Any) -> str | None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return None if is_number and lowest <= value <= highest else f"deve ser um número de {lowest} a {highest}"

    return check


def whole(lowest: int) -> Check:
    def check(value: Any) -> str | None:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return None if is_whole and value >= lowest else f"deve ser um inteiro a partir de {lowest}"

    return check


def any_whole(value: Any) -> str | None:
    return None if isinstance(value, int) and not isinstance(value, bool) else "deve ser um inteiro"


def one_of(*values: str) -> Check:
    def check(value: Any) -> str | None:
        return None if value in values else f"com este modelo só vale {' ou '.join(values)}"

    return check


def text(value: Any) -> str | None:
    return None if isinstance(value, str) else "deve ser um texto"


def boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "deve ser true ou false"


def mapping(value: Any) -> str | None:
    return None if isinstance(value, dict) else "deve ser um objeto"


def stop_texts(value: Any) -> str | None:
    listed = [value] if isinstance(value, str) else value
    usable = isinstance(listed, list) and all(isinstance(item, str) and item for item in listed)
    return None if usable else "deve ser um texto ou uma lista de textos"


def usage_only(value: Any) -> str | None:
    """Of `stream_options`; the gateway asks every provider for the usage anyway."""
    if not isinstance(value, dict) or value.keys() - {"include_usage"}:
        return "só include_usage é aceito"
    return boolean(value.get("include_usage", False))


def format_of(*kinds: str) -> Check:
    """Of `response_format`: its `type`, and a schema where the type is json_schema."""

    def check(value: Any) -> str | None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in kinds:
            return f"com este modelo só vale o tipo {' ou '.join(kinds)}"
        schema = value.get("json_schema")
        if kind == "json_schema" and not (isinstance(schema, dict) and isinstance(schema.get("schema"), dict)):
            return "json_schema.schema deve ser um objeto"
        return None

    return check


def choice_of(*words: str, named: bool) -> Check:
    """Of `tool_choice`: one of the words, or `{"type": "function", "function": {"name": …}}`."""

    def check(value: Any) -> str | None:
        if isinstance(value, str):
            return None if value in words else f"com este modelo só vale {' ou '.join(words)}"
        return None if named and chosen_tool(value) else "esta forma não é aceita por este modelo"

    return check


def chosen_tool(value: Any) -> str | None:
    """The name in a named `tool_choice`."""
    function = value.get("function") if isinstance(value, dict) and value.get("type") == "function" else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else None
