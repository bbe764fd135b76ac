"""Mistral's API."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import BaseMessage
from langchain_mistralai import ChatMistralAI
from pydantic import SecretStr

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest
from shared.llm.parameters import asked_parameters
from shared.llm.ports import ModelClient
from shared.llm.residency import address_of
from shared.llm.wire.http_clients import house_client, unused_client
from shared.llm.wire.langchain_client import Dialect, LangChainClient
from shared.llm.wire.langchain_messages import langchain_messages

_NAMES = {"seed": "random_seed", "max_completion_tokens": "max_tokens"}
_NOT_SENT = frozenset({"stream_options"})  # usage comes always


def open_client(deployment: Deployment, *, inside: bool) -> ModelClient:
    """A client with connections of its own."""
    key = deployment.key() or SecretStr("sem-chave")
    address = address_of(deployment)
    headers = {"Authorization": f"Bearer {key.get_secret_value()}", "Accept": "application/json"}
    http = house_client(inside=inside, base_url=address, headers=headers)
    model: Any = ChatMistralAI(
        model_name=deployment.model,
        api_key=key,
        base_url=address,
        max_retries=1,
        output_version="v0",
        async_client=http,
        client=unused_client(),
    )
    # What the caller does not name is the provider's to choose, not LangChain's.
    model.temperature = model.top_p = None

    def call(request: ChatRequest) -> tuple[list[BaseMessage], dict[str, Any]]:
        return langchain_messages(request.messages), _options(deployment, request)

    return LangChainClient(Dialect(model, call, http.aclose))


def _options(deployment: Deployment, request: ChatRequest) -> dict[str, Any]:
    given = asked_parameters(request)
    options = {_NAMES.get(name, name): value for name, value in given.items() if name not in _NOT_SENT}
    options.setdefault("max_tokens", deployment.max_output_tokens)
    if request.tools:
        options["tools"] = request.tools
    return options
