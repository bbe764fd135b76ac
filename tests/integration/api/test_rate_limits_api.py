"""429 with what a client needs to behave: when to come back, and how much it may ask."""

from __future__ import annotations

import httpx
import pytest

from shared.database import Database
from tests.integration.api.test_spine_api import NOBODY, serving

QUESTION = {"messages": [{"role": "user", "content": "Bom dia"}], "model": "unico"}


async def asked(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/v1/chat/completions", json=QUESTION)


async def test_over_the_limit_every_process_answers_429(
    monkeypatch: pytest.MonkeyPatch, database_url: str, database: Database
) -> None:
    async with (
        serving(monkeypatch, database_url, NOBODY, OPENAI_RPM="3") as one,
        serving(monkeypatch, database_url, NOBODY, OPENAI_RPM="3") as other,
    ):
        assert [(await asked(client)).status_code for client in (one, other, one)] == [200, 200, 200]
        refused = await asked(other)
        assert refused.status_code == 429
        assert refused.json()["error"]["type"] == "rate_limit_error"
        wait = int(refused.headers["retry-after"])
        assert 0 < wait <= 61
        assert refused.headers["ratelimit-policy"] == '"openai";q=3;w=60'
        left, _, resets = refused.headers["ratelimit"].removeprefix('"openai";r=').partition(";t=")
        assert left == "0" and wait <= int(resets) <= 61
        assert (await one.get("/v1/models")).status_code == 200


async def test_the_limit_of_the_webhook_is_told_as_a_problem(
    monkeypatch: pytest.MonkeyPatch, database_url: str, database: Database
) -> None:
    packages = '["handlers"]'
    async with serving(monkeypatch, database_url, NOBODY, WEBHOOK_RPM="1", DOMAIN_PACKAGES=packages) as client:
        body = {"message": "Bom dia", "callback_id": "nobody"}
        first = await client.post("/webhook", json=body)
        assert first.status_code != 429
        refused = await client.post("/webhook", json=body)
        assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
        assert refused.json()["type"] == "urn:plantao:problema:rate-limited"
        assert int(refused.headers["retry-after"]) > 0
        assert refused.headers["ratelimit-policy"] == '"webhook";q=1;w=60'


async def test_no_limit_counts_nothing(monkeypatch: pytest.MonkeyPatch, database_url: str, database: Database) -> None:
    async with serving(monkeypatch, database_url, NOBODY, OPENAI_RPM="0") as client:
        answer = await asked(client)
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers
