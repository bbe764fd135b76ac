"""Fragments of tool calls, as the different servers cut and number them, become whole calls."""

from __future__ import annotations

from typing import Any

import pytest

from shared.llm.contract import ToolCall, ToolCallDelta
from shared.llm.failures import MalformedToolArguments
from shared.llm.wire.finish_reasons import finish_reason
from shared.llm.wire.reply_assembly import ReplyAssembly


def piece(index: int | None, args: str, call_id: str | None = None, name: str | None = None) -> dict[str, Any]:
    return {"index": index, "args": args, "id": call_id, "name": name}


def put_together(*pieces: dict[str, Any]) -> tuple[list[ToolCallDelta], tuple[ToolCall, ...]]:
    answer = ReplyAssembly()
    answer.finish_reason = "stop"
    deltas = [delta for one in pieces for delta in answer.fragments([one])]
    whole = answer.whole()
    assert whole.finish_reason == ("tool_calls" if whole.tool_calls else "stop")
    return deltas, whole.tool_calls


def test_two_calls_interleaved() -> None:
    deltas, calls = put_together(
        piece(0, "", "a", "f"), piece(1, '{"y"', "b", "g"), piece(0, '{"x": '), piece(1, ": 2}"), piece(0, "1}")
    )
    assert calls == (ToolCall("a", "f", {"x": 1}), ToolCall("b", "g", {"y": 2}))
    assert [(delta.index, delta.id, delta.name) for delta in deltas[:3]] == [
        (0, "a", "f"),
        (1, "b", "g"),
        (0, None, None),
    ]


def test_numbers_with_gaps_are_closed() -> None:
    """Anthropic numbers calls among its text blocks."""
    deltas, calls = put_together(piece(1, "{}", "a", "f"), piece(3, "{}", "b", "g"))
    assert [delta.index for delta in deltas] == [0, 1]
    assert [call.name for call in calls] == ["f", "g"]


def test_servers_that_number_every_call_zero() -> None:
    _, calls = put_together(piece(0, '{"x": 1}', "a", "f"), piece(0, '{"x": 2}', "b", "f"))
    assert [(call.id, call.arguments) for call in calls] == [("a", {"x": 1}), ("b", {"x": 2})]


def test_servers_that_repeat_id_and_name() -> None:
    _, calls = put_together(piece(0, '{"x"', "a", "f"), piece(0, ": 1}", "a", "f"))
    assert calls == (ToolCall("a", "f", {"x": 1}),)


def test_calls_without_numbers_or_ids() -> None:
    _, calls = put_together(piece(None, '{"x": 1}', None, "f"), piece(None, '{"x": 2}', None, "g"))
    assert [(call.name, call.arguments) for call in calls] == [("f", {"x": 1}), ("g", {"x": 2})]
    assert len({call.id for call in calls}) == 2


def test_a_call_without_arguments() -> None:
    assert put_together(piece(0, "", "a", "f"))[1] == (ToolCall("a", "f", {}),)


@pytest.mark.parametrize("text", ['{"x": ', "[1]", '"x"', "null", "nada"])
def test_arguments_that_are_no_object(text: str) -> None:
    with pytest.raises(MalformedToolArguments):
        put_together(piece(0, text, "a", "f"))


def test_a_fragment_of_nothing() -> None:
    with pytest.raises(MalformedToolArguments):
        put_together(piece(0, "{}"))


@pytest.mark.parametrize(
    ("told", "word"),
    [({"finish_reason": "eos"}, "stop"), ({"stop_reason": "max_tokens"}, "length"), ({"stop_reason": "refusal"},
     "content_filter"), ({"finish_reason": "SAFETY"}, "content_filter"), ({"finish_reason": "MAX_TOKENS"}, "length"),
     ({"done_reason": "stop"}, "stop"), ({"stop_reason": "tool_use"}, "tool_calls"), ({"finish_reason": None}, None),
     ({"finish_reason": "abort"}, None), ({"finish_reason": "FINISH_REASON_UNSPECIFIED"}, None), ({}, None)],
)  # fmt: skip
def test_reasons_in_openais_words(told: dict[str, Any], word: str | None) -> None:
    assert finish_reason(None, told) == word
