"""What a provider's answer becomes: text, tool calls, OpenAI's finish reasons, the provider's own count."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from llmock.pytest_plugin import LLMock

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest, TextDelta, ToolCallDelta, Usage
from shared.llm.ports import ModelClient, WireReply
from shared.llm.providers import create_client
from tests.unit.llm.wire.ollama_server import OllamaServer, done, ollama_server, said

MOCKED = ("openai", "openai_compatible", "anthropic", "gemini", "mistral")
TOOL = {
    "type": "function",
    "function": {
        "name": "consultar",
        "description": "d",
        "parameters": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]},
    },
}
ASK = ChatRequest([{"role": "system", "content": "seja breve"}, {"role": "user", "content": "olá"}])
HISTORY = [
    {"role": "system", "content": "a"},
    {"role": "developer", "content": "b"},
    {"role": "user", "content": [{"type": "text", "text": "um"}, {"type": "text", "text": "dois"}]},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "consultar", "arguments": '{"x":1}'}}],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": '{"r": 2}'},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "veja"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aW1hZ2Vt"}},
        ],
    },
]


async def streamed(client: ModelClient, request: ChatRequest) -> tuple[list[Any], WireReply]:
    *pieces, whole = [event async for event in client.stream(request)]
    assert isinstance(whole, WireReply)
    return pieces, whole


@pytest.fixture
async def client(request: pytest.FixtureRequest, llmock: LLMock) -> AsyncIterator[ModelClient]:
    provider = request.param
    url = llmock.base_url("openai" if provider == "openai_compatible" else provider)
    made = create_client(Deployment(provider=provider, model="m", base_url=url), transfer_allowed=False)
    yield made
    await made.close()


@pytest.mark.parametrize("client", MOCKED, indirect=True)
async def test_text(client: ModelClient, llmock: LLMock) -> None:
    llmock.reply("Olá, tudo bem por aqui.", times=2)
    whole = await client.complete(ASK)
    assert (whole.text, whole.tool_calls, whole.finish_reason) == ("Olá, tudo bem por aqui.", (), "stop")
    assert whole.usage is not None
    assert whole.usage.prompt_tokens > 0
    pieces, same = await streamed(client, ASK)
    assert len(pieces) > 2
    assert all(isinstance(piece, TextDelta) for piece in pieces)
    assert "".join(piece.text for piece in pieces) == same.text == whole.text
    assert same.finish_reason == "stop"
    # llmock's Mistral counts only whole answers; the real one says it with the last piece.
    assert same.usage == whole.usage or same.usage is None


@pytest.mark.parametrize("client", MOCKED, indirect=True)
async def test_tool_calls(client: ModelClient, llmock: LLMock) -> None:
    llmock.call_tool("consultar", {"x": "vcm"}, times=2)
    asked = ChatRequest(ASK.messages, [TOOL])
    whole = await client.complete(asked)
    assert [(call.name, call.arguments) for call in whole.tool_calls] == [("consultar", {"x": "vcm"})]
    assert (whole.text, whole.finish_reason) == ("", "tool_calls")
    pieces, same = await streamed(client, asked)
    assert all(isinstance(piece, ToolCallDelta) and piece.index == 0 for piece in pieces)
    assert (pieces[0].name, pieces[0].id) == ("consultar", same.tool_calls[0].id)
    assert [piece.id for piece in pieces[1:]] == [None] * (len(pieces) - 1)
    assert json.loads("".join(piece.arguments for piece in pieces)) == {"x": "vcm"}
    assert same.tool_calls[0].arguments == {"x": "vcm"}
    assert same.finish_reason == "tool_calls"


@pytest.mark.parametrize("client", MOCKED, indirect=True)
async def test_a_stream_cut_short_has_no_finish_reason(client: ModelClient, llmock: LLMock) -> None:
    llmock.truncate(after_chunks=3)
    _, whole = await streamed(client, ASK)
    assert whole.finish_reason is None


@pytest.mark.parametrize("client", MOCKED, indirect=True)
async def test_a_history_with_tools_and_a_picture_arrives_whole(client: ModelClient, llmock: LLMock) -> None:
    await client.complete(ChatRequest(HISTORY))
    body = json.dumps(llmock.requests[-1].body, ensure_ascii=False)
    for part in ("um", "dois", "consultar", "veja", "aW1hZ2Vt", '"a"', '"b"'):
        assert part in body
    assert body.replace(" ", "").count('"x":1') + body.replace(" ", "").count('\\"x\\":1') == 1
    assert body.replace(" ", "").count('"r":2') + body.replace(" ", "").count('\\"r\\":2') == 1


@pytest.fixture
async def ollama() -> AsyncIterator[tuple[OllamaServer, ModelClient]]:
    async with ollama_server() as server:
        made = create_client(Deployment(provider="ollama", model="m", base_url=server.url), transfer_allowed=False)
        yield server, made
        await made.close()


Ollama = tuple[OllamaServer, ModelClient]


async def test_ollama_text(ollama: Ollama) -> None:
    _, client = ollama
    assert await client.complete(ASK) == WireReply("olá mundo", (), "stop", Usage(11, 5, "provider"))
    pieces, whole = await streamed(client, ASK)
    assert pieces == [TextDelta("olá "), TextDelta("mundo")]
    assert whole == WireReply("olá mundo", (), "stop", Usage(11, 5, "provider"))


async def test_ollama_tool_calls(ollama: Ollama) -> None:
    server, client = ollama
    calls = [{"function": {"name": "consultar", "arguments": {"x": word}}} for word in ("vcm", "hcm")]
    server.lines = [said(tool_calls=calls), done()]
    whole = await client.complete(ChatRequest(ASK.messages, [TOOL]))
    assert [call.arguments for call in whole.tool_calls] == [{"x": "vcm"}, {"x": "hcm"}]
    pieces, same = await streamed(client, ChatRequest(ASK.messages, [TOOL]))
    assert [(piece.index, piece.name, json.loads(piece.arguments)) for piece in pieces] == [
        (0, "consultar", {"x": "vcm"}),
        (1, "consultar", {"x": "hcm"}),
    ]
    assert len({call.id for call in same.tool_calls}) == 2
    assert (whole.finish_reason, same.finish_reason) == ("tool_calls", "tool_calls")


@pytest.mark.parametrize(("told", "word"), [(None, None), ("length", "length"), ("load", None)])
async def test_ollama_finish_reasons(ollama: Ollama, told: str | None, word: str | None) -> None:
    server, client = ollama
    server.lines = [said("olá"), done(told)]
    _, whole = await streamed(client, ASK)
    assert whole.finish_reason == word
    assert whole.text == "olá"


async def test_ollama_history(ollama: Ollama) -> None:
    server, client = ollama
    await client.complete(ChatRequest(HISTORY))
    sent = server.bodies[-1]["messages"]
    assert [message["role"] for message in sent] == ["system", "system", "user", "assistant", "tool", "user"]
    assert sent[2]["content"] == "um\ndois"
    assert sent[3]["tool_calls"][0]["function"] == {"name": "consultar", "arguments": {"x": 1}}
    assert (sent[4]["content"], sent[5]["images"]) == ('{"r": 2}', ["aW1hZ2Vt"])
