"""Servers that speak OpenAI's protocol nearly: nothing that they say is lost on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.llm.contract import ToolCall, Usage
from shared.llm.ports import WireReply
from tests.unit.llm.wire.canned_server import canned, events
from tests.unit.llm.wire.test_counting import OPENAI, USAGE, chunk
from tests.unit.llm.wire.test_failures import ASK, client_of


def called(*calls: dict[str, Any]) -> dict[str, Any]:
    return {**OPENAI, "choices": [{"index": 0, "delta": {"tool_calls": calls}, "finish_reason": None}]}


def call(call_id: str, arguments: str, **more: Any) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": "consultar", "arguments": arguments}, **more}


async def whole_of(*chunks: dict[str, Any]) -> WireReply:
    async with canned(events(*chunks, end="[DONE]")) as url:
        client = client_of("openai_compatible", url)
        whole = [event async for event in client.stream(ASK)][-1]
        await client.close()
    assert isinstance(whole, WireReply)
    return whole


async def test_calls_without_numbers() -> None:
    rest = {"function": {"arguments": ": 2}"}}
    found = await whole_of(
        chunk("Vou ver."), called(call("a", '{"x": 1}'), call("b", '{"x"')), called(rest), chunk(finish="tool_calls")
    )
    assert (found.text, found.finish_reason) == ("Vou ver.", "tool_calls")
    assert found.tool_calls == (ToolCall("a", "consultar", {"x": 1}), ToolCall("b", "consultar", {"x": 2}))


@pytest.mark.parametrize("empty", [{"index": 0}, {"index": 0, "function": None}])
async def test_a_piece_of_a_call_that_says_nothing(empty: dict[str, Any]) -> None:
    found = await whole_of(called(call("a", "{}", index=0), empty), called(empty), chunk(finish="tool_calls"))
    assert found.tool_calls == (ToolCall("a", "consultar", {}),)


async def test_a_reason_to_stop_beside_no_delta() -> None:
    last = {**OPENAI, "choices": [{"index": 0, "delta": None, "finish_reason": "stop"}]}
    assert await whole_of(chunk("olá"), last) == WireReply("olá", (), "stop", None)


@pytest.mark.parametrize("count", [-50, 2**40, 5.5])
@pytest.mark.parametrize("streamed", [True, False])
async def test_a_count_that_is_none_is_not_believed(count: float, streamed: bool) -> None:
    """One below zero would give a budget money back; no column holds one beyond billions."""
    usage = USAGE | {"prompt_tokens": count}
    if streamed:
        assert (await whole_of(chunk("olá"), chunk(finish="stop", usage=usage))).usage is None
        return
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "olá"}, "finish_reason": "stop"}]}
    async with canned(json.dumps({**OPENAI, **answer, "usage": usage}).encode(), kind="application/json") as url:
        client = client_of("openai_compatible", url)
        assert (await client.complete(ASK)).usage is None
        await client.close()


async def test_a_count_that_one_piece_takes_back() -> None:
    """Gemini counts the prompt lower in its last piece than before."""

    def piece(prompt: int, answered: int, finish: str | None = None) -> dict[str, Any]:
        candidate = {"content": {"role": "model", "parts": [{"text": "olá"}]}, "finishReason": finish}
        counted = {"promptTokenCount": prompt, "candidatesTokenCount": answered, "totalTokenCount": prompt + answered}
        return {"candidates": [candidate], "usageMetadata": counted}

    async with canned(events(piece(40, 3), piece(30, 9, "STOP"))) as url:
        client = client_of("gemini", url)
        whole = [event async for event in client.stream(ASK)][-1]
        await client.close()
    assert isinstance(whole, WireReply) and whole.usage == Usage(30, 9, "provider")
