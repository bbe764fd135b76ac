"""Google's Gemini API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

import anyio
import httpx
from google.genai import Client
from google.genai.types import HttpOptions, HttpRetryOptions
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_google_genai import ChatGoogleGenerativeAI
from pydantic import SecretStr

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest
from shared.llm.parameter_checks import chosen_tool
from shared.llm.parameters import asked_parameters
from shared.llm.ports import ModelClient
from shared.llm.residency import address_of
from shared.llm.wire.http_clients import house_client, tls_context, unused_client
from shared.llm.wire.langchain_client import Dialect, LangChainClient
from shared.llm.wire.langchain_messages import langchain_messages

_VERSIONS = ("v1beta", "v1")
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_NAMES = {"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens"}
_SAME_NAME = ("seed", "presence_penalty", "frequency_penalty", "reasoning_effort")
_SAMPLING = {"temperature": "temperature", "top_p": "topP"}

_opened: ContextVar[list[httpx.Response]] = ContextVar("gemini_responses")


class _ClosingModel(ChatGoogleGenerativeAI):
    """The library never closes the response of a stream that nobody reads to its end."""

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        opened: list[httpx.Response] = []
        # Read once, when the first step of the generator below sends the request.
        _opened.set(opened)
        try:
            async for chunk in super()._astream(*args, **kwargs):
                yield chunk
        finally:
            with anyio.CancelScope(shield=True):
                for response in opened:
                    await response.aclose()


async def _note_opened(response: httpx.Response) -> None:
    _opened.get([]).append(response)


def open_client(deployment: Deployment, *, inside: bool) -> ModelClient:
    """A client of its own, over httpx: the library's own choice, aiohttp, keeps sessions by loop and follows links."""
    key = deployment.key() or SecretStr("sem-chave")
    http = house_client(inside=inside)
    http.event_hooks = {**http.event_hooks, "response": [_note_opened]}
    address, version = _split_version(address_of(deployment))
    model = _ClosingModel(
        model=deployment.model,
        api_key=key,
        vertexai=False,
        max_retries=1,
        output_version="v0",
        temperature=None,
        base_url=address,
        client_args={"verify": tls_context()},
    )
    model.client = Client(
        api_key=key.get_secret_value(),
        vertexai=False,
        http_options=HttpOptions(
            base_url=address,
            api_version=version,
            httpx_async_client=http,
            httpx_client=unused_client(),
            retry_options=HttpRetryOptions(attempts=1),
        ),
    )

    def call(request: ChatRequest) -> tuple[list[BaseMessage], dict[str, Any]]:
        return langchain_messages(request.messages), _options(deployment, request)

    return LangChainClient(Dialect(model, call, http.aclose, usage_adds_up=True))


def _split_version(address: str) -> tuple[str, str]:
    """The library wants the API's version apart from the address."""
    plain = address.rstrip("/")
    for version in _VERSIONS:
        if plain.endswith(f"/{version}"):
            return plain.removesuffix(f"/{version}"), version
    return plain, _VERSIONS[0]


def _options(deployment: Deployment, request: ChatRequest) -> dict[str, Any]:
    given = asked_parameters(request)
    options: dict[str, Any] = {"max_output_tokens": deployment.max_output_tokens}
    options |= {_NAMES[name]: given[name] for name in _NAMES if name in given}
    options |= {name: given[name] for name in _SAME_NAME if name in given}
    if "stop" in given:
        options["stop"] = [given["stop"]] if isinstance(given["stop"], str) else given["stop"]
    if "response_format" in given:
        options["response_format"] = given["response_format"]
    # Given as options of the model, LangChain drops them for models that it takes to sample their own way.
    sampling = {theirs: given[ours] for ours, theirs in _SAMPLING.items() if ours in given}
    if sampling:
        options["http_options"] = HttpOptions(extra_body={"generationConfig": sampling})
    if request.tools:
        options["tools"] = request.tools
        asked = given.get("tool_choice")
        if asked:
            name = chosen_tool(asked)
            options["tool_choice"] = [name] if name else _CHOICES[asked]
    return options
