"""From bytes to the JSON of a Bundle: UTF-8, exact decimals, no property twice."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

from shared.errors import UnusableDocument

_DEEPEST = 60  # FHIR nests far less; a parser's stack must not be the caller's to choose


def read_json(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; numbers with a fraction are Decimal. Raises UnusableDocument."""
    text = _utf8(body)
    try:
        document = json.loads(
            text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_property_twice
        )
    except (ValueError, RecursionError) as error:
        raise _unusable("json_invalido", "o documento não é JSON válido ou é profundo demais") from error
    if not isinstance(document, dict):
        raise _unusable("json_invalido", "o documento deve ser um objeto JSON")
    if _depth(document) > _DEEPEST:
        raise _unusable("profundo_demais", f"o documento tem mais de {_DEEPEST} níveis")
    return document


def _utf8(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unusable("codificacao_invalida", f"FHIR é UTF-8; o byte {error.start} não é") from error
    return text


def _depth(document: Any) -> int:
    """Levels of nesting, counted without recursion."""
    deepest, level = 0, [document]
    while level:
        deepest += 1
        level = [inner for node in level for inner in _inside(node) if isinstance(inner, dict | list)]
    return deepest


def _inside(node: Any) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else node


def _no_property_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _unusable("propriedade_repetida", "um objeto JSON traz a mesma propriedade duas vezes")
    return made


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _unusable(code: str, reason: str) -> UnusableDocument:
    return UnusableDocument([("Bundle", code, reason)])
