"""Where a client connects to, and where it does not follow."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest, TextDelta
from shared.llm.failures import classify
from shared.llm.providers import create_client
from tests.unit.llm.wire.canned_server import canned
from tests.unit.llm.wire.raw_provider import FIRST_PIECE, raw_provider

REQUEST = ChatRequest([{"role": "user", "content": "olá"}])

pytestmark = pytest.mark.parametrize("provider", FIRST_PIECE)


async def test_a_name_that_moved_out_of_the_house_is_sent_nothing(
    provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with raw_provider(provider) as stub:
        client = create_client(Deployment(provider=provider, model="m", base_url=stub.url), transfer_allowed=False)
        monkeypatch.setattr("shared.llm.residency._INSIDE", (ipaddress.ip_network("10.0.0.0/8"),))
        for _ in range(2):
            with pytest.raises(Exception) as caught:
                await client.complete(REQUEST)
            assert "TransferRefused" in {type(error).__name__ for error in chain(caught.value)}
        assert not stub.asked.is_set()
        await client.close()


def chain(error: BaseException | None) -> list[BaseException]:
    return [error, *chain(error.__cause__ or error.__context__)] if error else []


async def test_a_redirect_is_not_followed(provider: Any) -> None:
    async with (
        raw_provider(provider) as elsewhere,
        canned(b"", status=307, kind="application/json", more=f"Location: {elsewhere.url}/x\r\n") as url,
    ):
        client = create_client(Deployment(provider=provider, model="m", base_url=url), transfer_allowed=False)
        with pytest.raises(Exception) as caught:
            await client.complete(REQUEST)
        assert classify(caught.value).kind in {"not_found", "malformed"}
        assert not elsewhere.asked.is_set()
        await client.close()


NOWHERE = "http://127.0.0.1:9"
ENVIRONMENT = {
    **dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "OPENAI_PROXY", "ANTHROPIC_PROXY"), NOWHERE),
    **dict.fromkeys(("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL"), NOWHERE),
    **dict.fromkeys(("GOOGLE_GEMINI_BASE_URL", "MISTRAL_BASE_URL", "OLLAMA_HOST", "LANGSMITH_GATEWAY"), NOWHERE),
    **dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "GOOGLE_API_KEY"), "do-ambiente"),
    **dict.fromkeys(("GEMINI_API_KEY", "MISTRAL_API_KEY", "OLLAMA_API_KEY", "OPENAI_ORG_ID"), "do-ambiente"),
    "LANGSMITH_GATEWAY_API_KEY": "do-ambiente",
    "GOOGLE_GENAI_USE_VERTEXAI": "true",
    "LANGSMITH_TRACING": "true",
    "LC_OUTPUT_VERSION": "v1",
}


async def test_the_environment_changes_neither_address_nor_key(provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries read these by themselves: only the catalogue may say where a prompt goes, and with which key."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MODEL_KEY_OF_TEST", "do-catalogo")
    async with raw_provider(provider) as stub:
        deployment = Deployment(provider=provider, model="m", base_url=stub.url, api_key_env="MODEL_KEY_OF_TEST")
        client = create_client(deployment, transfer_allowed=False)
        events = client.stream(REQUEST)
        assert await anext(events) == TextDelta("olá ")
        await events.aclose()
        await client.close()
    assert "do-catalogo" in stub.head
    assert "do-ambiente" not in stub.head
