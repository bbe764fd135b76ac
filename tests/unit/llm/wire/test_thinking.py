"""A model that thinks before it speaks is not silent: the limit of the first piece is over with its first thought."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.errors import ModelUnavailable
from tests.unit.llm.engine.books import Books, OpenBreakers
from tests.unit.llm.engine.making import REQUEST, catalogue, context, deployment, make_gateway
from tests.unit.llm.wire.canned_server import events
from tests.unit.llm.wire.ollama_server import said
from tests.unit.llm.wire.raw_provider import raw_provider

THOUGHT = "hm"
ANTHROPIC: dict[str, Any] = {
    "id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None,
    "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 0},
}  # fmt: skip


def delta(**said: Any) -> bytes:
    return events({"choices": [{"index": 0, "delta": {"role": "assistant", **said}, "finish_reason": None}]})


THINKING = {
    "vllm": ("openai_compatible", delta(reasoning_content=THOUGHT)),
    "openrouter": ("openai_compatible", delta(content="", reasoning=THOUGHT)),
    "mistral": ("mistral", delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}])),
    "anthropic": ("anthropic", events(
        {"type": "message_start", "message": ANTHROPIC},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": THOUGHT}},
    )),
    "ollama": ("ollama", json.dumps(said(thinking=THOUGHT)).encode() + b"\n"),
}  # fmt: skip


@pytest.mark.parametrize("server", THINKING)
async def test_silence_after_a_thought_is_idleness_and_nothing_has_left(server: str) -> None:
    provider, piece = THINKING[server]
    books, breakers = Books(), OpenBreakers()
    async with raw_provider(provider, piece=piece) as stub:
        patient = deployment(stub.url, provider, first_token_s=100, deadline_s=100, idle_s=0.05)
        gateway = make_gateway(catalogue(0, a=patient), books=books, breakers=breakers)
        with pytest.raises(ModelUnavailable) as caught:
            async for event in gateway.stream(REQUEST, context()):
                raise AssertionError(event)
        await gateway.close()
    assert caught.value.kind == "idle_timeout"
    assert [one.outcome for one in books.settled] == ["idle_timeout"]


@pytest.mark.parametrize("provider", ["openai_compatible", "mistral"])
async def test_a_role_alone_is_no_sign_of_life(provider: str) -> None:
    async with raw_provider(provider, piece=delta(content="")) as stub:
        hasty = deployment(stub.url, provider, first_token_s=0.05, deadline_s=100, idle_s=100)
        gateway = make_gateway(catalogue(0, a=hasty))
        with pytest.raises(ModelUnavailable) as caught:
            await anext(gateway.stream(REQUEST, context()))
        await gateway.close()
    assert caught.value.kind == "first_token_timeout"
