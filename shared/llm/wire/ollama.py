"""Ollama's own API. Its OpenAI-like one takes the provider `openai_compatible`."""

from __future__ import annotations

from typing import Any

import httpx
from langchain_core.messages import BaseMessage
from langchain_ollama import ChatOllama

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest
from shared.llm.parameters import asked_parameters
from shared.llm.ports import ModelClient
from shared.llm.residency import address_of
from shared.llm.wire.http_clients import CONNECT_TIMEOUT_S, MAX_CONNECTIONS, tls_context
from shared.llm.wire.langchain_client import Dialect, LangChainClient
from shared.llm.wire.langchain_messages import langchain_messages
from shared.llm.wire.sending import note_sent
from shared.llm.wire.sharded_transport import ShardedTransport

_OPTIONS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "max_tokens": "num_predict",
    "max_completion_tokens": "num_predict",
}


def open_client(deployment: Deployment, *, inside: bool) -> ModelClient:
    """A client with connections of its own."""
    key = deployment.key()
    http: dict[str, Any] = {
        "timeout": httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
        "follow_redirects": False,
        "trust_env": not inside,
        "event_hooks": {"request": [note_sent]},
        "headers": {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {},
    }
    if inside:
        http["transport"] = ShardedTransport(MAX_CONNECTIONS, tls_context())
    address = address_of(deployment).rstrip("/").removesuffix("/v1").removesuffix("/api")
    model: Any = ChatOllama(
        output_version="v0",
        model=deployment.model,
        base_url=address,
        async_client_kwargs=http,
        client_kwargs={"verify": tls_context()},
    )

    def call(request: ChatRequest) -> tuple[list[BaseMessage], dict[str, Any]]:
        return langchain_messages(request.messages), _call_options(deployment, request)

    return LangChainClient(Dialect(model, call, model._async_client.close, thinks_without_words=True))


def _call_options(deployment: Deployment, request: ChatRequest) -> dict[str, Any]:
    given = asked_parameters(request)
    # Without num_ctx Ollama cuts a long prompt to its own default window and says nothing.
    options: dict[str, Any] = {"num_ctx": deployment.context_tokens, "num_predict": deployment.max_output_tokens}
    options |= {theirs: given[ours] for ours, theirs in _OPTIONS.items() if ours in given}
    if "stop" in given:
        options["stop"] = [given["stop"]] if isinstance(given["stop"], str) else given["stop"]
    call: dict[str, Any] = {"options": options}
    if "reasoning_effort" in given:
        call["reasoning"] = given["reasoning_effort"]
    if "response_format" in given:
        call["response_format"] = given["response_format"]
    if request.tools and given.get("tool_choice") != "none":
        call["tools"] = request.tools
    return call
