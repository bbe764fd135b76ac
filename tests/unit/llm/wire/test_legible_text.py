"""Half letters and NUL in a provider's answer, as bytes of a real stream."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest, TextDelta
from shared.llm.failures import MalformedToolArguments
from shared.llm.ports import WireReply
from shared.llm.providers import create_client
from shared.llm.wire.legible_text import LegibleStream, legible
from tests.unit.llm.wire.canned_server import canned, events

ASK = ChatRequest([{"role": "user", "content": "olá"}])


def chunk(text: str, reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    return {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def completion(message: dict[str, Any]) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": None} | message, "finish_reason": "stop"}
    return json.dumps({"id": "x", "object": "chat.completion", "choices": [choice]}).encode()


async def test_a_letter_cut_in_two_comes_whole() -> None:
    answer = events(chunk("oi \ud83d"), chunk("\ude00 e \x00"), chunk("\udc00!\ud800", "stop"), end="[DONE]")
    async with canned(answer) as url:
        client = create_client(
            Deployment(provider="openai_compatible", model="m", base_url=url), transfer_allowed=False
        )
        *pieces, whole = [event async for event in client.stream(ASK)]
        await client.close()
    assert pieces == [TextDelta("oi "), TextDelta("😀 e \ufffd"), TextDelta("\ufffd!")]
    assert isinstance(whole, WireReply)
    assert whole.text == "oi 😀 e \ufffd\ufffd!"


async def test_so_it_does_in_a_whole_answer_and_never_in_arguments() -> None:
    broken = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": "\\ud83d"}'}}
    for message in ({"content": "oi \ud83d\ude00\ud83d"}, {"tool_calls": [broken]}):
        async with canned(completion(message), kind="application/json") as url:
            deployment = Deployment(provider="openai_compatible", model="m", base_url=url)
            client = create_client(deployment, transfer_allowed=False)
            if "content" in message:
                assert (await client.complete(ASK)).text == "oi 😀\ufffd"
            else:
                with pytest.raises(MalformedToolArguments):
                    await client.complete(ASK)
            await client.close()


@given(st.lists(st.text(st.characters(codec=None, categories=("Cs", "L", "Cc")))))
def test_pieces_are_the_whole(pieces: list[str]) -> None:
    stream = LegibleStream()
    streamed = "".join(map(stream.feed, pieces))
    whole = legible("".join(pieces))
    assert streamed == whole or streamed + "\ufffd" == whole  # half a letter at the very end waits for ever
    assert orjson.dumps(whole)
    assert "\x00" not in whole
