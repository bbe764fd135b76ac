"""OpenAI, and any server that speaks its chat protocol: vLLM, OpenRouter, llama.cpp, private gateways.

Callers already speak OpenAI's shapes, so messages, tools and parameters go into the body as they came; LangChain's
own translation back and forth would only lose fields.
"""

from __future__ import annotations

from typing import Any

from langchain_core.messages import BaseMessage
from openai import AsyncOpenAI, AsyncStream
from pydantic import SecretStr

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest
from shared.llm.parameters import given_parameters
from shared.llm.ports import ModelClient
from shared.llm.residency import address_of
from shared.llm.wire.complete_chat_openai import CompleteChatOpenAI
from shared.llm.wire.http_clients import house_client, unused_client
from shared.llm.wire.langchain_client import Dialect, LangChainClient


def open_client(deployment: Deployment, *, inside: bool) -> ModelClient:
    """A client of its own: langchain-openai's cached ones break across forks and loops."""
    http = house_client(inside=inside)
    model = CompleteChatOpenAI(
        model=deployment.model,
        base_url=address_of(deployment),
        api_key=deployment.key() or SecretStr("sem-chave"),
        max_retries=0,
        use_responses_api=False,
        stream_usage=True,
        stream_chunk_timeout=0,
        openai_proxy=None,
        http_socket_options=(),
        output_version="v0",
        http_async_client=http,
        http_client=unused_client(),
    )

    library = model.root_async_client
    library.organization = library.project = None  # it reads them from the environment, for every server alike
    model.async_client = _Completions(library)

    def call(request: ChatRequest) -> tuple[list[BaseMessage], dict[str, Any]]:
        return [], {"extra_body": _body(deployment, request)}

    return LangChainClient(Dialect(model, call, http.aclose))


class _Completions:
    """The library's chat completions, whose streams give plain dictionaries.

    LangChain takes them as they are; by default the library makes typed objects of them, which LangChain turns back:
    two thirds of the CPU of a chunk.
    """

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client
        self.with_raw_response = client.chat.completions.with_raw_response

    async def create(self, *, extra_body: dict[str, Any], **payload: Any) -> AsyncStream[object]:
        """Only streams come here; whole answers take `with_raw_response`."""
        body = {**payload, **extra_body}
        stream = AsyncStream[object]
        return await self._client.post("/chat/completions", cast_to=object, body=body, stream=True, stream_cls=stream)


def _body(deployment: Deployment, request: ChatRequest) -> dict[str, Any]:
    body = given_parameters(request)
    # What a stream reports is the gateway's choice: it always wants the usage.
    body.pop("stream_options", None)
    body["messages"] = request.messages
    if request.tools:
        body["tools"] = request.tools
    if deployment.provider == "openai":
        # The older name is refused by its newer models; servers that only look like OpenAI may know no other.
        limit = body.pop("max_tokens", deployment.max_output_tokens)
        return {"max_completion_tokens": limit, **body}
    return body if "max_completion_tokens" in body else {"max_tokens": deployment.max_output_tokens, **body}
