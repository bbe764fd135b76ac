"""Where a client connects to, and where it does not follow."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest
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


async def test_inside_the_house_no_proxy_is_asked(provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_provider(provider) as stub:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        client = create_client(Deployment(provider=provider, model="m", base_url=stub.url), transfer_allowed=False)
        events = client.stream(REQUEST)
        await anext(events)
        await events.aclose()
        await client.close()
