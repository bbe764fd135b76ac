"""Anthropic's Messages API."""

from __future__ import annotations

from typing import Any

import anthropic
import httpx2
from langchain_anthropic import ChatAnthropic, convert_to_anthropic_tool
from langchain_anthropic.chat_models import _create_usage_metadata
from langchain_core.messages import AIMessageChunk, BaseMessage
from pydantic import SecretStr

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest
from shared.llm.parameter_checks import chosen_tool
from shared.llm.parameters import asked_parameters
from shared.llm.ports import ModelClient
from shared.llm.residency import address_of
from shared.llm.wire.http_clients import CONNECT_TIMEOUT_S, MAX_CONNECTIONS, tls_context
from shared.llm.wire.inside_only import stay_inside
from shared.llm.wire.langchain_client import Dialect, LangChainClient
from shared.llm.wire.langchain_messages import langchain_messages
from shared.llm.wire.sending import note_sent

_CHOICES = {"auto": "auto", "none": "none", "required": "any"}


class _CountingModel(ChatAnthropic):
    """LangChain reads the usage of a stream from its last event alone; the prompt's tokens may stand in the first."""

    def _make_message_chunk_from_anthropic_event(self, event: Any, **how: Any) -> tuple[AIMessageChunk | None, Any]:
        chunk, block = super()._make_message_chunk_from_anthropic_event(event, **how)
        if event.type == "message_start" and chunk is not None:
            chunk.usage_metadata = _create_usage_metadata(event.message.usage)
        return chunk, block


def open_client(deployment: Deployment, *, inside: bool) -> ModelClient:
    """A client of its own: langchain-anthropic's is cached for the whole process."""
    key = deployment.key() or SecretStr("sem-chave")
    address = address_of(deployment).removesuffix("/").removesuffix("/v1")
    timeout = httpx2.Timeout(None, connect=CONNECT_TIMEOUT_S)
    limits = httpx2.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=64)
    transport = httpx2.AsyncHTTPTransport(verify=tls_context(), limits=limits, trust_env=False)
    http = httpx2.AsyncClient(
        timeout=timeout,
        limits=limits,
        verify=tls_context(),
        transport=stay_inside(transport) if inside else None,
        follow_redirects=False,
        trust_env=not inside,
        event_hooks={"request": [note_sent]},
    )
    model = _CountingModel(
        model=deployment.model,
        base_url=address,
        api_key=key,
        max_retries=0,
        output_version="v0",
        stream_usage=True,
        max_tokens=deployment.max_output_tokens,
        timeout=None,
        stop=None,
    )
    model.__dict__["_async_client"] = anthropic.AsyncAnthropic(
        api_key=key.get_secret_value(), base_url=address, max_retries=0, timeout=timeout, http_client=http
    )

    def call(request: ChatRequest) -> tuple[list[BaseMessage], dict[str, Any]]:
        return langchain_messages(request.messages), _options(request)

    return LangChainClient(Dialect(model, call, http.aclose))


def _options(request: ChatRequest) -> dict[str, Any]:
    given = asked_parameters(request)
    options: dict[str, Any] = {}
    limit = given.get("max_completion_tokens") or given.get("max_tokens")
    if limit:
        options["max_tokens"] = limit
    if "stop" in given:
        options["stop"] = [given["stop"]] if isinstance(given["stop"], str) else given["stop"]
    # Given as options of the model, LangChain drops them in silence for some models.
    sampling = {name: given[name] for name in ("temperature", "top_p") if name in given}
    if sampling:
        options["extra_body"] = sampling
    if "user" in given:
        options["metadata"] = {"user_id": given["user"]}
    output = _output(given)
    if output:
        options["output_config"] = output
    if request.tools:
        options["tools"] = [
            convert_to_anthropic_tool(tool, strict=tool["function"].get("strict")) for tool in request.tools
        ]
        options["tool_choice"] = _tool_choice(given)
    return options


def _output(given: dict[str, Any]) -> dict[str, Any]:
    output: dict[str, Any] = {}
    if "reasoning_effort" in given:
        output["effort"] = given["reasoning_effort"]
    if "response_format" in given:
        output["format"] = {"type": "json_schema", "schema": given["response_format"]["json_schema"]["schema"]}
    return output


def _tool_choice(given: dict[str, Any]) -> dict[str, Any]:
    asked = given.get("tool_choice", "auto")
    name = chosen_tool(asked)
    choice: dict[str, Any] = {"type": "tool", "name": name} if name else {"type": _CHOICES[asked]}
    if given.get("parallel_tool_calls") is False and choice["type"] != "none":
        choice["disable_parallel_tool_use"] = True
    return choice
