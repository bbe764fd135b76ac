"""Every parameter of OpenAI's chat, at every provider: really in the HTTP body, or refused by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
from llmock.pytest_plugin import LLMock
from openai.types.chat import completion_create_params

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest
from shared.llm.errors import ParameterRefused
from shared.llm.parameters import HONOURED, refuse_unhonoured
from shared.llm.providers import create_client
from tests.unit.llm.wire.ollama_server import ollama_server

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
JSON_SCHEMA = {"type": "json_schema", "json_schema": {"name": "r", "schema": SCHEMA}}
NAMED = {"type": "function", "function": {"name": "consultar"}}
TOOL = {
    "type": "function",
    "function": {
        "name": "consultar",
        "description": "d",
        "parameters": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]},
    },
}
MESSAGES = [{"role": "user", "content": "olá"}]
# Not parameters of ours: they are the request itself, or how it is answered.
_THE_REQUEST = {"messages", "model", "tools"}

# What a caller may ask, none of it neutral.
ASKED: Mapping[str, Any] = {
    "audio": {"voice": "alloy", "format": "mp3"},
    "frequency_penalty": 0.5,
    "function_call": "none",
    "functions": [],
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "max_completion_tokens": 77,
    "max_tokens": 78,
    "metadata": {"setor": "uti"},
    "modalities": ["text", "audio"],
    "moderation": {},
    "n": 2,
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "x"},
    "presence_penalty": -0.5,
    "prompt_cache_key": "k",
    "prompt_cache_options": {},
    "prompt_cache_retention": "24h",
    "reasoning_effort": "low",
    "response_format": JSON_SCHEMA,
    "safety_identifier": "s",
    "seed": 7,
    "service_tier": "flex",
    "stop": ["FIM"],
    "store": True,
    "stream_options": {"include_usage": True},
    "temperature": 0.3,
    "tool_choice": NAMED,
    "top_logprobs": 3,
    "top_p": 0.9,
    "user": "u-1",
    "verbosity": "low",
    "web_search_options": {},
}

_SAME = {
    name: name
    for name in (
        "frequency_penalty", "logit_bias", "max_completion_tokens", "max_tokens", "metadata", "parallel_tool_calls",
        "prediction", "presence_penalty", "prompt_cache_key", "reasoning_effort", "response_format",
        "safety_identifier", "seed", "service_tier", "stop", "store", "temperature", "tool_choice", "top_p", "user",
        "verbosity",
    )
}  # fmt: skip
# provider -> parameter -> where it stands in the body, and as what where that differs.
SENT: Mapping[str, Mapping[str, str | tuple[str, Any]]] = {
    "openai": _SAME,
    "openai_compatible": _SAME,
    "anthropic": {
        "max_completion_tokens": "max_tokens",
        "max_tokens": "max_tokens",
        "parallel_tool_calls": ("tool_choice", {"type": "auto", "disable_parallel_tool_use": True}),
        "reasoning_effort": "output_config.effort",
        "response_format": ("output_config.format", {"type": "json_schema", "schema": SCHEMA}),
        "stop": "stop_sequences",
        "temperature": "temperature",
        "tool_choice": ("tool_choice", {"type": "tool", "name": "consultar"}),
        "top_p": "top_p",
        "user": "metadata.user_id",
    },
    "gemini": {
        "frequency_penalty": "generationConfig.frequencyPenalty",
        "max_completion_tokens": "generationConfig.maxOutputTokens",
        "max_tokens": "generationConfig.maxOutputTokens",
        "presence_penalty": "generationConfig.presencePenalty",
        "reasoning_effort": ("generationConfig.thinkingConfig.thinking_level", "LOW"),
        "response_format": ("generationConfig.responseJsonSchema", SCHEMA),
        "seed": "generationConfig.seed",
        "stop": "generationConfig.stopSequences",
        "temperature": "generationConfig.temperature",
        "tool_choice": ("toolConfig.functionCallingConfig.allowedFunctionNames", ["consultar"]),
        "top_p": "generationConfig.topP",
    },
    "mistral": {
        "frequency_penalty": "frequency_penalty",
        "max_completion_tokens": "max_tokens",
        "max_tokens": "max_tokens",
        "parallel_tool_calls": "parallel_tool_calls",
        "presence_penalty": "presence_penalty",
        "response_format": "response_format",
        "seed": "random_seed",
        "stop": "stop",
        "temperature": "temperature",
        "tool_choice": "tool_choice",
        "top_p": "top_p",
    },
    "ollama": {
        "frequency_penalty": "options.frequency_penalty",
        "max_completion_tokens": "options.num_predict",
        "max_tokens": "options.num_predict",
        "presence_penalty": "options.presence_penalty",
        "reasoning_effort": "think",
        "response_format": ("format", SCHEMA),
        "seed": "options.seed",
        "stop": "options.stop",
        "temperature": "options.temperature",
        "top_p": "options.top_p",
    },
}
# Honoured without a field in the body: usage always comes, and the deterministic model samples nothing.
_WITHOUT_A_FIELD = {"stream_options"}

Bodies = Callable[[str, ChatRequest], Any]


def at(body: Any, path: str) -> Any:
    for step in path.split("."):
        body = body[step]
    return body


def deployment(provider: str, url: str) -> Deployment:
    return Deployment(provider=provider, model="m", base_url=url, max_output_tokens=321)  # type: ignore[arg-type]


async def both_ways(target: Deployment, request: ChatRequest) -> None:
    client = create_client(target, transfer_allowed=False)
    await client.complete(request)
    async for _ in client.stream(request):
        pass
    await client.close()


@pytest.fixture
async def bodies_of(llmock: LLMock) -> AsyncIterator[Bodies]:
    """What reaches the provider for a request, asked for whole and as a stream."""
    async with ollama_server() as ollama:

        async def ask(provider: str, request: ChatRequest) -> list[dict[str, Any]]:
            refuse_unhonoured(provider, request)
            if provider == "ollama":
                await both_ways(deployment(provider, ollama.url), request)
                return ollama.bodies
            url = llmock.base_url("openai" if provider == "openai_compatible" else provider)
            await both_ways(deployment(provider, url), request)
            return [record.body for record in llmock.requests]

        yield ask


def test_every_parameter_of_the_official_client_is_met() -> None:
    known = set(completion_create_params.CompletionCreateParamsBase.__annotations__) - _THE_REQUEST
    assert known == set(ASKED)


@pytest.mark.parametrize(("provider", "name"), [(provider, name) for provider in SENT for name in SENT[provider]])
async def test_what_is_honoured_is_in_the_body(bodies_of: Bodies, provider: str, name: str) -> None:
    sent = SENT[provider][name]
    path, value = sent if isinstance(sent, tuple) else (sent, ASKED[name])
    bodies = await bodies_of(provider, ChatRequest(MESSAGES, [TOOL], parameters={name: ASKED[name]}))
    assert len(bodies) == 2
    assert [at(body, path) for body in bodies] == [value, value]


@pytest.mark.parametrize(
    ("provider", "name"),
    [(provider, name) for provider in SENT for name in ASKED if name not in {*SENT[provider], *_WITHOUT_A_FIELD}],
)
def test_what_is_not_honoured_is_refused_by_name(provider: str, name: str) -> None:
    with pytest.raises(ParameterRefused) as caught:
        refuse_unhonoured(provider, ChatRequest(MESSAGES, [TOOL], parameters={name: ASKED[name]}))
    assert caught.value.parameter == name


def test_the_map_promises_nothing_that_is_not_proved_here() -> None:
    for provider, sent in SENT.items():
        assert HONOURED[provider].keys() - _WITHOUT_A_FIELD == sent.keys()


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ParameterRefused, match="top_k"):
        refuse_unhonoured("openai_compatible", ChatRequest(MESSAGES, parameters={"top_k": 5}))


@pytest.mark.parametrize(
    ("provider", "path"),
    [("openai", "max_completion_tokens"), ("openai_compatible", "max_tokens"), ("anthropic", "max_tokens"),
     ("gemini", "generationConfig.maxOutputTokens"), ("mistral", "max_tokens"), ("ollama", "options.num_predict")],
)  # fmt: skip
async def test_the_deployments_own_limit_where_the_caller_names_none(
    bodies_of: Bodies, provider: str, path: str
) -> None:
    bodies = await bodies_of(provider, ChatRequest(MESSAGES))
    assert [at(body, path) for body in bodies] == [321, 321]


@pytest.mark.parametrize("provider", SENT)
async def test_nothing_is_sampled_otherwise_than_the_provider_would(bodies_of: Bodies, provider: str) -> None:
    for body in await bodies_of(provider, ChatRequest(MESSAGES)):
        sampling = {**body, **body.get("generationConfig", {}), **body.get("options", {})}
        assert not sampling.keys() & {"temperature", "top_p", "topP", "seed", "random_seed", "stop", "n"}


@pytest.mark.parametrize("provider", SENT)
async def test_values_that_ask_for_nothing_pass_everywhere(bodies_of: Bodies, provider: str) -> None:
    nothing = {"n": 1, "presence_penalty": 0, "frequency_penalty": 0.0, "logprobs": False, "user": None,
               "response_format": {"type": "text"}, "tool_choice": "auto", "parallel_tool_calls": True}  # fmt: skip
    assert len(await bodies_of(provider, ChatRequest(MESSAGES, [TOOL], parameters=nothing))) == 2


async def test_ollama_gets_the_whole_window(bodies_of: Bodies) -> None:
    bodies = await bodies_of("ollama", ChatRequest(MESSAGES))
    assert bodies[0]["options"]["num_ctx"] == 32_768


async def test_ollama_without_a_tool_choice_of_its_own_gets_no_tools(bodies_of: Bodies) -> None:
    bodies = await bodies_of("ollama", ChatRequest(MESSAGES, [TOOL], parameters={"tool_choice": "none"}))
    assert [body.get("tools") or [] for body in bodies] == [[], []]
