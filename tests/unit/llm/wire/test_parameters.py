"""Every parameter of OpenAI's chat, at every provider: really in the HTTP body, or refused by name."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from llmock.pytest_plugin import LLMock
from openai.types.chat import completion_create_params

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest
from shared.llm.errors import ParameterRefused
from shared.llm.parameters import HONOURED, refuse_unhonoured
from shared.llm.providers import create_client
from tests.unit.llm.wire.asked_parameters import ASKED, JSON_SCHEMA, MESSAGES, SENT, TOOL
from tests.unit.llm.wire.ollama_server import ollama_server

# Not parameters of ours: they are the request itself.
_THE_REQUEST = {"messages", "model", "tools"}
# Honoured without a field of its own: usage comes always, and without a choice Ollama is only not told of the tools.
_WITHOUT_A_FIELD = {*((provider, "stream_options") for provider in SENT), ("ollama", "tool_choice")}

Ask = Callable[[ChatRequest], Awaitable[list[dict[str, Any]]]]


def at(body: Any, path: str) -> Any:
    for step in path.split("."):
        body = body.get(step)
        if body is None:
            return "absent"
    return body


@asynccontextmanager
async def asking(provider: str, llmock: LLMock) -> AsyncIterator[Ask]:
    """What reaches the provider for a request, asked for whole and as a stream."""
    async with ollama_server() as ollama:
        mocked = "openai" if provider == "openai_compatible" else provider
        url = ollama.url if provider == "ollama" else llmock.base_url(mocked)
        target = Deployment(provider=provider, model="m", base_url=url, max_output_tokens=321)  # type: ignore[arg-type]
        client = create_client(target, transfer_allowed=False)

        async def ask(request: ChatRequest) -> list[dict[str, Any]]:
            refuse_unhonoured(provider, request)
            await client.complete(request)
            async for _ in client.stream(request):
                pass
            return (ollama.bodies if provider == "ollama" else [record.body for record in llmock.requests])[-2:]

        yield ask
        await client.close()


def test_every_parameter_of_the_official_client_is_met() -> None:
    known = set(completion_create_params.CompletionCreateParamsBase.__annotations__) - _THE_REQUEST
    assert known == set(ASKED)


@pytest.mark.parametrize("provider", SENT)
async def test_what_is_honoured_is_in_the_body(llmock: LLMock, provider: str) -> None:
    expected, found = {}, {}
    async with asking(provider, llmock) as ask:
        for name, sent in SENT[provider].items():
            path, value = sent if isinstance(sent, tuple) else (sent, ASKED[name])
            bodies = await ask(ChatRequest(MESSAGES, [TOOL], parameters={name: ASKED[name]}))
            expected[name] = [value, value]
            found[name] = [at(body, path) for body in bodies]
    assert found == expected


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        (provider, name)
        for provider in SENT
        for name in ASKED
        if name not in SENT[provider] and name != "stream_options"
    ],
)
def test_what_is_not_honoured_is_refused_by_name(provider: str, name: str) -> None:
    with pytest.raises(ParameterRefused) as caught:
        refuse_unhonoured(provider, ChatRequest(MESSAGES, [TOOL], parameters={name: ASKED[name]}))
    assert caught.value.parameter == name


def test_the_map_promises_nothing_that_is_not_proved_here() -> None:
    promised = {(provider, name) for provider in SENT for name in HONOURED[provider]}
    assert promised - _WITHOUT_A_FIELD == {(provider, name) for provider in SENT for name in SENT[provider]}


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ParameterRefused, match="top_k"):
        refuse_unhonoured("openai_compatible", ChatRequest(MESSAGES, parameters={"top_k": 5}))


@pytest.mark.parametrize(
    ("provider", "path"),
    [("openai", "max_completion_tokens"), ("openai_compatible", "max_tokens"), ("anthropic", "max_tokens"),
     ("gemini", "generationConfig.maxOutputTokens"), ("mistral", "max_tokens"), ("ollama", "options.num_predict")],
)  # fmt: skip
async def test_a_caller_that_asks_for_nothing(llmock: LLMock, provider: str, path: str) -> None:
    """It gets the deployment's limit, and samples as the provider would by itself."""
    usual = {"n": 1, "presence_penalty": 0, "frequency_penalty": 0.0, "logprobs": False, "user": None,
             "response_format": {"type": "text"}, "tool_choice": "auto", "parallel_tool_calls": True}  # fmt: skip
    async with asking(provider, llmock) as ask:
        await ask(ChatRequest(MESSAGES, [TOOL], parameters=usual))
        bodies = await ask(ChatRequest(MESSAGES))
    assert [at(body, path) for body in bodies] == [321, 321]
    for body in bodies:
        sampling = {**body, **body.get("generationConfig", {}), **body.get("options", {})}
        assert not sampling.keys() & {"temperature", "top_p", "topP", "seed", "random_seed", "stop", "n", "user"}


async def test_ollama_gets_the_whole_window_and_no_tools_where_none_may_be_called(llmock: LLMock) -> None:
    async with asking("ollama", llmock) as ask:
        bodies = await ask(ChatRequest(MESSAGES, [TOOL], parameters={"tool_choice": "none"}))
    assert [body["options"]["num_ctx"] for body in bodies] == [32_768, 32_768]
    assert [body.get("tools") or [] for body in bodies] == [[], []]


@pytest.mark.parametrize("provider", SENT)
@pytest.mark.parametrize("kind", ["json_object", "json_schema"])
async def test_structured_output(llmock: LLMock, provider: str, kind: str) -> None:
    asked = ChatRequest(
        MESSAGES, parameters={"response_format": JSON_SCHEMA if kind == "json_schema" else {"type": kind}}
    )
    if (provider, kind) == ("anthropic", "json_object"):
        with pytest.raises(ParameterRefused, match="response_format"):
            refuse_unhonoured(provider, asked)
        return
    async with asking(provider, llmock) as ask:
        bodies = await ask(asked)
    word = "additionalProperties" if kind == "json_schema" else "json"
    assert all(word in json.dumps(body) for body in bodies)


@pytest.mark.parametrize(
    ("name", "value"),
    [("temperature", "quente"), ("temperature", 3), ("top_p", -1), ("max_tokens", 0), ("max_tokens", True),
     ("stop", [1]), ("seed", 1.5), ("tool_choice", "sempre"), ("tool_choice", {"type": "function"}),
     ("response_format", {"type": "xml"}), ("response_format", {"type": "json_schema"}), ("stream_options", {"a": 1}),
     ("parallel_tool_calls", "sim"), ("user", 5)],
)  # fmt: skip
def test_a_value_that_cannot_be_meant_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ParameterRefused) as caught:
        refuse_unhonoured("openai", ChatRequest(MESSAGES, [TOOL], parameters={name: value}))
    assert caught.value.parameter == name


def test_contradictions_are_refused() -> None:
    both = {"max_tokens": 5, "max_completion_tokens": 6}
    for parameters, tools in ((both, []), ({"tool_choice": "required"}, [])):
        with pytest.raises(ParameterRefused):
            refuse_unhonoured("openai", ChatRequest(MESSAGES, tools, parameters=parameters))
