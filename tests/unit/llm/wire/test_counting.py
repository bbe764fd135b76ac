"""The provider's own count of a stream, wherever in it the provider puts it: bills stand on this."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest, Usage
from shared.llm.ports import WireReply
from shared.llm.providers import create_client
from tests.unit.llm.wire.canned_server import canned, events

OPENAI: dict[str, Any] = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
USAGE = {"prompt_tokens": 40, "completion_tokens": 9, "total_tokens": 49}


def chunk(text: str = "", finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {**OPENAI, "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}], **more}


def anthropic(start: dict[str, int], end: dict[str, int]) -> bytes:
    message = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "usage": start}
    return events(
        {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "olá"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": end},
        {"type": "message_stop"},
    )


def gemini(prompt: int, *answered: int) -> bytes:
    def piece(tokens: int, last: bool) -> dict[str, Any]:
        candidate = {"content": {"role": "model", "parts": [{"text": "olá"}]}, "finishReason": "STOP" if last else None}
        counted = {"promptTokenCount": prompt, "candidatesTokenCount": tokens, "totalTokenCount": prompt + tokens}
        return {"candidates": [candidate], "usageMetadata": counted}

    return events(*(piece(tokens, tokens == answered[-1]) for tokens in answered))


STREAMS = [
    ("openai", events(chunk("olá"), chunk(finish="stop"), {**OPENAI, "choices": [], "usage": USAGE}, end="[DONE]")),
    ("openai_compatible", events(chunk("olá", usage={"prompt_tokens": 40, "completion_tokens": 1, "total_tokens": 41}),
                                 chunk(finish="stop", usage=USAGE))),
    ("mistral", events(chunk("olá"), chunk(finish="stop", usage=USAGE), end="[DONE]")),
    ("anthropic", anthropic({"input_tokens": 40, "output_tokens": 1}, {"output_tokens": 9})),
    ("anthropic", anthropic({"input_tokens": 40, "output_tokens": 1}, {"input_tokens": 40, "output_tokens": 9})),
    ("anthropic", anthropic({"input_tokens": 10, "cache_read_input_tokens": 30, "output_tokens": 1},
                            {"output_tokens": 9})),
    ("gemini", gemini(40, 3, 6, 9)),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "stream"), STREAMS, ids=[f"{at}-{case[0]}" for at, case in enumerate(STREAMS)])
async def test_the_count_of_a_stream(provider: Any, stream: bytes) -> None:
    async with canned(stream) as url:
        client = create_client(Deployment(provider=provider, model="m", base_url=url), transfer_allowed=False)
        whole = [event async for event in client.stream(ChatRequest([{"role": "user", "content": "olá"}]))][-1]
        await client.close()
    assert isinstance(whole, WireReply)
    assert whole.finish_reason == "stop"
    assert whole.usage == Usage(40, 9, "provider")


async def test_a_server_that_does_not_count() -> None:
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "olá"}, "finish_reason": "stop"}]}
    for counted in ({}, {"usage": None}, {"usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}}):
        async with canned(json.dumps({**OPENAI, **answer, **counted}).encode(), kind="application/json") as url:
            target = Deployment(provider="openai_compatible", model="m", base_url=url)
            client = create_client(target, transfer_allowed=False)
            reply = await client.complete(ChatRequest([{"role": "user", "content": "olá"}]))
            await client.close()
        assert reply == WireReply("olá", (), "stop", None)
