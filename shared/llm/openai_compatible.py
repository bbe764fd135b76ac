"""Any server that speaks the OpenAI chat protocol: vLLM, Ollama, OpenRouter, OpenAI itself."""

from __future__ import annotations

import httpx
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from shared.errors import ModelRefused
from shared.llm.residency import is_inside, refuse_foreign
from shared.llm.sharded_transport import ShardedTransport
from shared.settings import ModelSettings

_CONNECT_TIMEOUT_S = 5.0
_MAX_CONNECTIONS = 512


def create(settings: ModelSettings) -> BaseChatModel:
    """A client of its own per process: langchain-openai's cached ones break across forks and loops.

    Retries are the gateway's business, so the library's are off. Raises `ModelRefused` when the address
    is outside the house and the transfer was not configured.
    """
    if not settings.model_base_url:
        raise ModelRefused("MODEL_BASE_URL não configurada")
    refuse_foreign(settings.model_base_url, transfer_allowed=settings.transferencia_internacional)
    return ChatOpenAI(
        model=settings.model_name,
        base_url=settings.model_base_url,
        api_key=settings.model_api_key or SecretStr("sem-chave"),
        max_retries=0,
        use_responses_api=False,
        stream_usage=True,
        http_async_client=_http_client(settings.model_base_url, settings.model_timeout_s),
    )


def _http_client(base_url: str, timeout_s: float) -> httpx.AsyncClient:
    """Redirects stay off: one could lead out of the house. A model inside is reached without any proxy."""
    timeout = httpx.Timeout(timeout_s, connect=_CONNECT_TIMEOUT_S)
    if is_inside(base_url):
        transport = ShardedTransport(_MAX_CONNECTIONS)
        return httpx.AsyncClient(timeout=timeout, transport=transport, follow_redirects=False, trust_env=False)
    limits = httpx.Limits(max_connections=_MAX_CONNECTIONS, max_keepalive_connections=64)
    return httpx.AsyncClient(timeout=timeout, limits=limits, follow_redirects=False)
