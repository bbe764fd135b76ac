"""What the deterministic stand-in answers: tool calls first, then one cited sentence per finding.

Plain functions over OpenAI-shaped messages, without any model library, so that the test server uses them too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

NOTICE = "Texto montado de forma determinística, sem uso de modelo de linguagem"

_ORDER = {"critico": 0, "atencao": 1, "info": 2}
# The frame follows `idioma` of the case. The findings' own sentences are quoted as they are: nothing here translates.
_NOTICES = {
    "pt": NOTICE,
    "en": "Text assembled deterministically, no language model used; findings quoted in Portuguese",
}
_LEADS = {
    "pt": {"critico": "Achado crítico", "atencao": "Achado que pede atenção", "info": "Achado informativo"},
    "en": {"critico": "Critical finding", "atencao": "Finding that calls for attention", "info": "Finding"},
}
_BLOCK = re.compile(r"```json\n(.*?)\n```", re.DOTALL)
_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s+")

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}

Message = dict[str, Any]


def tool_calls(messages: list[Message], tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One call per tool not used yet whose every required argument is known, as `{name, args, id}`."""
    used = {call["function"]["name"] for message in messages for call in message.get("tool_calls") or ()}
    known = _known_values(messages)
    calls: list[dict[str, Any]] = []
    for tool in tools:
        name, schema = tool["function"]["name"], tool["function"].get("parameters") or {}
        required, properties = schema.get("required", []), schema.get("properties", {})
        if name not in used and all(_fits(known.get(key), properties.get(key, {})) for key in required):
            arguments = {key: known[key] for key in required}
            calls.append({"name": name, "args": arguments, "id": f"call_{len(calls)}_{name}"})
    return calls


def opinion(messages: list[Message]) -> str:
    """Every finding in the messages, worst first, each of its sentences with its citation.

    Raises `ValueError` when no message holds a finding: there is nothing to say without inventing it.
    """
    found = {item["id"]: item for item in _findings(messages)}
    if not found:
        raise ValueError("no finding to write about")
    ordered = sorted(found.values(), key=lambda item: _ORDER[item["gravidade"]])
    first = ordered[0]["id"]
    language = "en" if _known_values(messages).get("idioma") == "en" else "pt"
    leads = _LEADS[language]
    return "\n".join([f"{_NOTICES[language]} [{first}].", *(_sentence(item, leads) for item in ordered)])


def holds_a_case(messages: list[Message]) -> bool:
    """True for what a crew sends: its prompts and its tools' results carry the case as JSON."""
    return bool(_known_values(messages).keys() & {"idioma", "achados"})


def _sentence(finding: Message, leads: dict[str, str]) -> str:
    """The finding's own words. One that holds several sentences gets the citation on each."""
    parts = [part.rstrip(".!? ") for part in _END_OF_SENTENCE.split(finding["descricao"].strip())]
    cited = " ".join(f"{part} [{finding['id']}]." for part in parts if part)
    return f"{leads[finding['gravidade']]}: {cited}"


def _findings(messages: list[Message]) -> Iterator[Message]:
    for data in _json_objects(messages):
        listed = data.get("achados")
        yield from (item for item in listed if _is_finding(item)) if isinstance(listed, list) else ()


def _is_finding(item: Any) -> bool:
    """Anybody may send a block that only looks like a case."""
    if not isinstance(item, dict) or not all(
        isinstance(item.get(key), str) for key in ("id", "gravidade", "descricao")
    ):
        return False
    return item["gravidade"] in _ORDER


def _known_values(messages: list[Message]) -> dict[str, Any]:
    """Top-level values of every JSON object seen, the latest winning."""
    known: dict[str, Any] = {}
    for data in _json_objects(messages):
        known.update(data)
    return known


def _json_objects(messages: list[Message]) -> Iterator[dict[str, Any]]:
    for message in messages:
        content = message.get("content")
        if not isinstance(content, str):
            continue
        texts = [content] if message["role"] == "tool" else _BLOCK.findall(content)
        for text in texts:
            data = _parsed(text)
            if isinstance(data, dict):
                yield data


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # a tool's error message, in words: nothing to read in it
        return None


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    return isinstance(value, _KINDS.get(str(schema.get("type")), ()))
