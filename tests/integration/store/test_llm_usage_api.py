"""What model calls cost, over HTTP: sums, single attempts, budgets and breakers, of one's own tenant alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.clock import now
from shared.database import Database
from shared.group_commit import GroupCommit
from shared.llm.breakers import StoreBreakers, change
from shared.llm.budgets import period_bounds
from shared.llm.catalogue import BreakerLimits
from tests.integration.api.test_spine_api import NOBODY, serving
from tests.integration.store.spending import ZONE, accounts, context, limit, opened, settled, url_of

MODELS = """
[deployments.unico]
provider = "offline"
model = "offline-deterministico"
[deployments.pago]
provider = "offline"
model = "offline-deterministico"
prices = { input = 1_000_000, output = 1_000_000 }
[policies.padrao]
deployments = ["unico"]
[[budgets]]
scope = "tenant"
limit_usd = 1
[[budgets]]
scope = "client"
name = "never-seen"
period = "month"
limit_usd = 2
"""
LIMIT = limit("tenant", "1")


@pytest.fixture
async def client(
    monkeypatch: pytest.MonkeyPatch, database: Database, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    models = tmp_path / "models.toml"
    models.write_text(MODELS)
    async with serving(monkeypatch, url_of(database), NOBODY, MODELS_FILE=str(models)) as made:
        yield made


async def read(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_sums_by_day_and_what_was_asked_for(client: httpx.AsyncClient, database: Database) -> None:
    today = now()
    with accounts(database, LIMIT) as books:
        for cost, outcome, domain, at in (
            (30, "ok", "exames", today),
            (12, "timeout", "exames", today),
            (5, "ok", None, today - timedelta(days=1)),
            (7, "ok", None, today - timedelta(days=8)),  # before the usual week
        ):
            attempt = opened(100, context(domain=domain), at=at)
            await books.open(attempt)
            await books.settle(settled(attempt, cost, outcome))
        await books.open(opened(40, context(domain="opme")))
        stranger = opened(60, context(tenant="other"))
        await books.open(stranger)
    body = await read(client, "/api/llm/usage", by="domain")
    assert [(item["value"], item["outcomes"], item["cost_microusd"]) for item in body["items"]] == [
        ("exames", {"ok": 1, "timeout": 1}, 42),
        ("opme", {"under_way": 1}, 0),
        (None, {"ok": 1}, 5),
    ]
    assert (body["total"]["attempts"], body["total"]["cost_microusd"], body["total"]["prompt_tokens"]) == (4, 47, 30)
    everything = await read(client, "/api/llm/usage", **{"from": str((today - timedelta(days=9)).date())})
    assert everything["total"]["cost_microusd"] == 54
    assert {item["value"] for item in everything["items"]} == {"unico"}


async def test_budgets_show_what_is_left_and_until_when(client: httpx.AsyncClient, database: Database) -> None:
    with accounts(database, LIMIT) as books:
        attempt = opened(100)
        await books.open(attempt)
        await books.open(opened(40))
        await books.settle(settled(attempt, 30))
        await books.open(opened(60, context(tenant="other")))
    unused, used = (await read(client, "/api/llm/usage"))["budgets"]
    resets_at = period_bounds("day", attempt.started_at, ZONE)[1]
    assert used == {
        "scope": "tenant",
        "name": "default",
        "period": "day",
        "limit_microusd": 1_000_000,
        "reserved_microusd": 40,
        "spent_microusd": 30,
        "resets_at": resets_at.isoformat(),
    }
    assert (unused["name"], unused["period"], unused["limit_microusd"]) == ("never-seen", "month", 2_000_000)


async def test_a_budget_whose_limit_was_taken_away_is_shown_no_more(
    client: httpx.AsyncClient, database: Database
) -> None:
    with accounts(database, limit("domain", "1")) as books:
        await books.open(opened(100, context(domain="exames")))
    found = (await read(client, "/api/llm/usage"))["budgets"]
    assert [budget["name"] for budget in found if budget["scope"] == "domain"] == []


async def test_breakers_of_all_deployments_are_shown(client: httpx.AsyncClient, database: Database) -> None:
    commits = GroupCommit(database, [change])
    await StoreBreakers(commits, database, BreakerLimits()).failed("pago", "auth", None)
    commits.close()
    unico, pago = (await read(client, "/api/llm/usage"))["breakers"]
    assert unico["state"] == "closed"
    assert (pago["state"], pago["kind"], pago["openings"]) == ("open", "auth", 1)
    assert pago["open_until"] > now().isoformat()


async def test_attempts_are_listed_newest_first_page_by_page(client: httpx.AsyncClient, database: Database) -> None:
    start = now()
    made = [opened(0, at=start + timedelta(milliseconds=n // 2)) for n in range(5)]  # two in each moment
    with accounts(database) as books:
        for attempt in made:
            await books.open(attempt)
        await books.open(opened(0, context(tenant="other")))
    listed: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await read(client, "/api/llm/attempts", limit=2, **cursor)
        listed += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert listed == [one.id for one in sorted(made, key=lambda one: (one.started_at, one.id), reverse=True)]


async def test_one_requests_attempts_come_in_their_order(client: httpx.AsyncClient, database: Database) -> None:
    whose = context(subject_id="task-1")
    with accounts(database, LIMIT) as books:
        for n in (2, 1, 11):
            attempt = opened(50, whose, n)
            await books.open(attempt)
        await books.settle(settled(attempt, 30))
    page = await read(client, "/api/llm/attempts", request_id=whose.request_id)
    assert [item["n"] for item in page["items"]] == [1, 2, 11]
    last = page["items"][-1]
    assert last.keys() >= {"duration_ms", "reserved_microusd"} and "budgets" not in last
    assert (last["subject_id"], last["outcome"], last["cost_microusd"], last["status"]) == ("task-1", "ok", 30, 200)
    assert last["duration_ms"] >= 0 and page["items"][0]["duration_ms"] is None
    assert (await read(client, "/api/llm/attempts", request_id="unknown"))["items"] == []


WRONG = [
    ("usage", {"from": "ontem"}, "from"),
    ("usage", {"from": "2026-11-20", "to": "2026-11-19"}, "from"),
    ("usage", {"from": "2026-01-01", "to": "2026-11-19"}, "from"),
    ("usage", {"to": "9999-12-31"}, "to"),
    ("usage", {"by": "patient"}, "by"),
    ("attempts", {"cursor": "x"}, "cursor"),
    ("attempts", {"limit": 0}, "limit"),
    ("attempts", {"request_id": "a\x00b"}, "request_id"),
    ("attempts", {"request_id": "a", "cursor": "x"}, "cursor"),
]


async def test_what_is_wrong_is_named(client: httpx.AsyncClient) -> None:
    for path, query, field in WRONG:
        answer = await client.get(f"/api/llm/{path}", params=query)
        assert answer.status_code == 422, (path, query)
        assert [item["field"] for item in answer.json()["errors"]] == [field], (path, query)


async def test_a_call_of_the_gateway_is_in_the_ledger(client: httpx.AsyncClient) -> None:
    question = {"messages": [{"role": "user", "content": "Bom dia"}], "model": "unico"}
    answer = await client.post("/v1/chat/completions", json=question)
    assert answer.status_code == 200, answer.text
    (attempt,) = (await read(client, "/api/llm/attempts", request_id=answer.headers["x-request-id"]))["items"]
    assert (attempt["surface"], attempt["deployment"], attempt["outcome"]) == ("openai", "unico", "ok")
    assert attempt["prompt_tokens"] == answer.json()["usage"]["prompt_tokens"]


async def test_an_exhausted_budget_is_told_with_the_moment_it_comes_back(client: httpx.AsyncClient) -> None:
    question = {"messages": [{"role": "user", "content": "Bom dia"}], "model": "pago"}
    answer = await client.post("/v1/chat/completions", json=question)
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, "insufficient_quota")
    (budget,) = [one for one in (await read(client, "/api/llm/usage"))["budgets"] if one["scope"] == "tenant"]
    assert budget["resets_at"] in answer.json()["error"]["message"]
    assert int(answer.headers["retry-after"]) > 0
    assert (budget["reserved_microusd"], budget["spent_microusd"]) == (0, 0)
