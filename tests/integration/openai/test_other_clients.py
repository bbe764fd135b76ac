"""LangChain, a web page's back end that speaks raw HTTP, and curl."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import httpx
import pytest
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from llmock.pytest_plugin import LLMock
from pydantic import BaseModel

from shared.llm.contract import TextDelta
from shared.llm.errors import AnswerBroken
from tests.integration.openai.surface import Scripted

HELLO = [{"role": "user", "content": "olá"}]
SECRET = "Segredo que não pode voltar"


class Vaga(BaseModel):
    """What the model is asked to fill in."""

    leitos: int


@tool
def leito(ala: str) -> str:
    """Free beds of a ward."""
    return f"dois na ala {ala}"


def langchain(url: str, **options: Any) -> ChatOpenAI:
    return ChatOpenAI(base_url=url, api_key="sk-teste", model="padrao", max_retries=0, **options)


async def test_langchain_invokes_and_streams(house_url: str, provider: LLMock) -> None:
    model = langchain(house_url, temperature=0.1, stream_usage=True)
    provider.reply("Bom dia").reply("um dois três")
    answer = await model.ainvoke("olá")
    assert (answer.content, answer.response_metadata["finish_reason"]) == ("Bom dia", "stop")
    assert answer.usage_metadata and answer.usage_metadata["total_tokens"] > 0
    parts = [chunk async for chunk in model.astream("olá")]
    assert "".join(str(part.content) for part in parts) == "um dois três"
    assert sum(part.usage_metadata["output_tokens"] for part in parts if part.usage_metadata) > 0


def test_langchain_binds_tools_and_schemas(house_url: str, provider: LLMock) -> None:
    provider.call_tool("leito", {"ala": "B"}).reply('{"leitos": 4}')
    asked = langchain(house_url).bind_tools([leito]).invoke("há leito na B?")
    assert [(call["name"], call["args"]) for call in asked.tool_calls] == [("leito", {"ala": "B"})]
    assert langchain(house_url).with_structured_output(Vaga).invoke("quantos?") == Vaga(leitos=4)


async def test_a_web_page_that_lists_models_and_streams(house_url: str, provider: LLMock) -> None:
    provider.reply("um dois três")
    async with httpx.AsyncClient(timeout=30, headers={"Authorization": "Bearer sk-teste"}) as client:
        listed = (await client.get(f"{house_url}/models")).json()
        assert listed["object"] == "list"
        assert all(card.keys() == {"id", "object", "created", "owned_by"} for card in listed["data"])
        body = {"model": listed["data"][0]["id"], "messages": HELLO, "stream": True}
        body |= {"stream_options": {"include_usage": True}, "max_tokens": 30, "presence_penalty": 0, "n": 1}
        async with client.stream("POST", f"{house_url}/chat/completions", json=body) as answer:
            lines = [line async for line in answer.aiter_lines() if line]
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-request-id"] in lines[0]
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    for chunk in chunks:
        assert chunk.keys() >= {"id", "object", "created", "model", "choices", "usage"}
        assert "system_fingerprint" not in chunk
        for choice in chunk["choices"]:
            assert choice.keys() == {"index", "delta", "logprobs", "finish_reason"}
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert chunks[-2]["choices"][0]["delta"] == {}
    assert [chunk["usage"] is None for chunk in chunks] == [True] * (len(chunks) - 1) + [False]


def test_a_broken_stream_ends_with_an_error_and_without_done(base_url: str, model: Scripted) -> None:
    model.answers(TextDelta("meia "), AnswerBroken("parou", "meia ", "disconnect"))
    answer = httpx.post(f"{base_url}/chat/completions", json={"model": "padrao", "messages": HELLO, "stream": True})
    assert answer.status_code == 200
    *_, last = [line for line in answer.text.split("\n") if line]
    error = json.loads(last.removeprefix("data: "))["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert (error["type"], error["code"]) == ("server_error", "answer_broken")
    assert "[DONE]" not in answer.text


def test_curl(house_url: str, provider: LLMock) -> None:
    provider.reply("Bom dia")
    body = json.dumps({"model": "padrao", "messages": HELLO})
    argv = ["curl", "-sS", "--fail-with-body", f"{house_url}/chat/completions", "-H", "Content-Type: application/json"]
    done = subprocess.run([*argv, "-d", body], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Bom dia", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nada", 404, "unknown_url"),
        ("GET", "/models/%00", 404, "model_not_found"),
        ("DELETE", "/models", 405, "method_not_allowed"),
        ("GET", "/chat/completions", 405, "method_not_allowed"),
    ],
)
def test_paths_that_do_not_exist(base_url: str, method: str, path: str, status: int, code: str) -> None:
    answer = httpx.request(method, base_url + path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("content", "media", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_json"),
        (b"[1]", "application/json", 400, "invalid_json"),
        (b"[" * 100_000, "application/json", 400, "invalid_json"),
        (b'{"model": "\xff"}', "application/json", 400, "invalid_json"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b" " * 2_000_000, "application/json", 413, "request_too_large"),
    ],
)
def test_bodies_that_cannot_be_read(base_url: str, content: bytes, media: str, status: int, code: str) -> None:
    answer = httpx.post(f"{base_url}/chat/completions", content=content, headers={"Content-Type": media})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_no_refusal_quotes_what_was_sent(base_url: str) -> None:
    for body in (
        {"model": SECRET, "messages": [{"role": SECRET, "content": SECRET}]},
        {"model": SECRET, "messages": SECRET, SECRET: SECRET},
        {"model": "crew:exames.hemograma", "messages": [{"role": "user", "content": json.dumps({SECRET: SECRET})}]},
        {"model": "crew:" + SECRET, "messages": HELLO},
        {"model": "padrao", "messages": HELLO, "response_format": {"type": SECRET}},
        {"model": "padrao", "messages": HELLO, "service_tier": SECRET},
    ):
        answer = httpx.post(f"{base_url}/chat/completions", json=body)
        assert 400 <= answer.status_code < 500
        assert SECRET not in answer.text
