"""Google's Gemini API."""

from __future__ import annotations

from typing import Any

from google.genai import Client
from google.genai.types import HttpOptions, HttpRetryOptions
from langchain_core.messages import BaseMessage
from langchain_google_genai import ChatGoogleGenerativeAI
from pydantic import SecretStr

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest
from shared.llm.parameter_checks import chosen_tool
from shared.llm.parameters import asked_parameters
from shared.llm.ports import ModelClient
from shared.llm.residency import address_of
from shared.llm.wire.http_clients import house_client
from shared.llm.wire.langchain_client import Dialect, LangChainClient
from shared.llm.wire.langchain_messages import langchain_messages

_VERSIONS = ("v1beta", "v1")
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_NAMES = {"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens"}
_SAME_NAME = ("seed", "presence_penalty", "frequency_penalty", "reasoning_effort")
_SAMPLING = {"temperature": "temperature", "top_p": "topP"}


def open_client(deployment: Deployment, *, inside: bool) -> ModelClient:
    """A client of its own, over httpx: the library's own choice, aiohttp, keeps sessions by loop and follows links."""
    key = deployment.key() or SecretStr("sem-chave")
    http = house_client(inside=inside)
    address, version = _split_version(address_of(deployment))
    model = ChatGoogleGenerativeAI(
        model=deployment.model, api_key=key, vertexai=False, max_retries=1, temperature=None, base_url=address
    )
    model.client = Client(
        api_key=key.get_secret_value(),
        vertexai=False,
        http_options=HttpOptions(
            base_url=address,
            api_version=version,
            httpx_async_client=http,
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
