"""429 with what a client needs to behave: when to come back, and how much it may ask."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from api.errors import problem
from api.request_rates import RateLimits
from shared.database import Database
from shared.errors import RateLimited, StoreUnavailable
from shared.llm.contract import Surface
from shared.settings import ApiSettings
from tests.integration.api.test_spine_api import NOBODY, serving
from tests.integration.store.conftest import emptied
from tests.integration.store.spending import url_of

QUESTION = {"messages": [{"role": "user", "content": "Bom dia"}], "model": "unico"}


async def asked(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/v1/chat/completions", json=QUESTION)


async def test_over_the_limit_every_process_answers_429(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    async with (
        serving(monkeypatch, url_of(database), NOBODY, OPENAI_RPM="3") as one,
        serving(monkeypatch, url_of(database), NOBODY, OPENAI_RPM="3") as other,
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


def test_outside_v1_it_is_a_problem() -> None:
    answer = problem(RateLimited("webhook", 5, 60, 7, 31))
    assert (answer.status_code, answer.media_type) == (429, "application/problem+json")
    assert orjson.loads(answer.body)["type"] == "urn:plantao:problema:rate-limited"
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["ratelimit-policy"] == '"webhook";q=5;w=60'
    assert answer.headers["ratelimit"] == '"webhook";r=0;t=31'


async def test_the_limiter_survives_the_death_of_its_store(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_options: Any) -> None:
        raise StoreUnavailable

    limits = RateLimits(database, ApiSettings(chat_rpm=1))
    with monkeypatch.context() as patch:
        patch.setattr(database, "write", away)
        with pytest.raises(StoreUnavailable):
            await limits.take("default", "anonymous", Surface.CHAT)
    allowance = await limits.take("default", "anonymous", Surface.CHAT)
    assert allowance is not None and allowance.remaining == 0
    with pytest.raises(RateLimited):
        await limits.take("default", "anonymous", Surface.CHAT)
    limits.close()


async def test_no_limit_counts_nothing(monkeypatch: pytest.MonkeyPatch, sqlite_store: Database) -> None:
    async with serving(monkeypatch, url_of(emptied(sqlite_store)), NOBODY, OPENAI_RPM="0") as client:
        answer = await asked(client)
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers
