"""The pieces of a streamed answer, put together again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from uuid_utils import uuid4

from shared.llm.contract import ToolCall, ToolCallDelta, Usage
from shared.llm.failures import MalformedToolArguments
from shared.llm.ports import WireReply

# The provider stopped the model in mid-word: a tool call it cut in two is left out, and asking again changes nothing.
CUT_OFF = frozenset({"length", "content_filter"})


@dataclass(slots=True)
class _OpenCall:
    id: str
    name: str
    fragments: list[str] = field(default_factory=list)


class ReplyAssembly:
    """Takes text, fragments of tool calls, usage and the reason to stop; gives the whole."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self._calls: list[_OpenCall] = []
        self._places: dict[object, int] = {}

    def fragments(self, chunks: Sequence[Mapping[str, Any]]) -> Iterator[ToolCallDelta]:
        """Our deltas for a provider's: numbered from 0 without gaps, id and name once."""
        for chunk in chunks:
            place, opened = self._place(chunk)
            call = self._calls[place]
            arguments = chunk.get("args") or ""
            call.fragments.append(arguments)
            if opened:
                yield ToolCallDelta(place, arguments, call.id, call.name)
            elif arguments:
                yield ToolCallDelta(place, arguments)

    def whole(self) -> WireReply:
        """Raises MalformedToolArguments when the fragments of a call are no JSON object, in an answer not cut off."""
        parsed = [(call, _arguments("".join(call.fragments))) for call in self._calls]
        calls = tuple(ToolCall(call.id, call.name, arguments) for call, arguments in parsed if arguments is not None)
        if len(calls) < len(parsed) and self.finish_reason not in CUT_OFF:
            raise MalformedToolArguments("arguments are no JSON object")
        return WireReply("".join(self.texts), calls, stop_or_calls(self.finish_reason, calls), self.usage)

    def _place(self, chunk: Mapping[str, Any]) -> tuple[int, bool]:
        """Which call a fragment belongs to, and whether it is its first."""
        index, given_id, name = chunk.get("index"), chunk.get("id"), chunk.get("name")
        key: object = index if index is not None else given_id
        known = self._places.get(key) if key is not None else None
        if known is None and key is None and not name and self._calls:
            known = len(self._calls) - 1
        if known is not None and not self._is_another(known, given_id, name):
            return known, False
        if not name:
            raise MalformedToolArguments("a tool call without a name")
        self._calls.append(_OpenCall(given_id or f"call_{uuid4().hex}", name))
        self._places[key] = len(self._calls) - 1
        return self._places[key], True

    def _is_another(self, place: int, given_id: str | None, name: str | None) -> bool:
        """Some servers number every call 0: a new id with a name opens a new one."""
        return bool(given_id and name and given_id != self._calls[place].id)


def stop_or_calls(reason: str | None, calls: Sequence[ToolCall]) -> str | None:
    """Providers that say `stop` after a tool call mean `tool_calls`."""
    return "tool_calls" if calls and reason == "stop" else reason


def _arguments(text: str) -> dict[str, Any] | None:
    """None where they are no JSON object."""
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return None
    return value if is_json_object(value) else None


def is_json_object(arguments: Any) -> bool:
    """Whether it can be written as JSON again: half a letter in a text, for one, cannot."""
    try:
        orjson.dumps(arguments)
    except TypeError:
        return False
    return isinstance(arguments, dict)
