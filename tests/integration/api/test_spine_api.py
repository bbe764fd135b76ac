"""The application in this process over a real store and a real broker, present or absent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from api.main import create_app
from dev.rabbitmq_node import RabbitNode
from shared import clock
from shared.database import Database
from shared.settings import load_settings
from shared.tasks import fleet, rejected
from shared.tasks.fleet import Heartbeat
from shared.tasks.rejected import Rejection
from tests.integration.store.rows import claimed, completed, row, settle

NOBODY = "amqp://guest:guest@127.0.0.1:1"


@asynccontextmanager
async def serving(
    monkeypatch: pytest.MonkeyPatch, database_url: str, broker: str, **environment: str
) -> AsyncIterator[httpx.AsyncClient]:
    values = {"DATABASE_URL": database_url, "RABBITMQ_URL": broker, "DOMAIN_PACKAGES": '["tests.fixtures.domains"]'}
    for name, value in (values | environment).items():
        monkeypatch.setenv(name, value)
    app = create_app(load_settings())
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=30) as client:
            yield client


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The API without a broker: acceptance must not need one."""
    async with serving(monkeypatch, database_url, NOBODY) as made:
        yield made


async def posted(client: httpx.AsyncClient, text: str = "x", **headers: str) -> httpx.Response:
    return await client.post("/api/eco/", json={"texto": text}, headers=headers)


async def test_work_is_accepted_while_the_broker_is_away(client: httpx.AsyncClient, database: Database) -> None:
    answer = await posted(client)
    body = answer.json()
    assert (answer.status_code, body["status"]) == (202, "pending")
    assert answer.headers["location"] == body["status_url"] == f"/api/eco/status/{body['task_id']}"
    assert "retry-after" in answer.headers
    assert row(database, body["task_id"]).payload == '{"texto":"x"}'
    health = (await client.get("/health")).json()
    assert (health["status"], health["store"], health["broker"]) == ("degraded", "ok", {"testes_eco": "unavailable"})
    assert (await client.get("/readyz")).status_code == 200


async def connected(client: httpx.AsyncClient) -> None:
    """Wait until the API publishes."""
    async with asyncio.timeout(120):
        while (await client.get("/health")).json()["broker"] != {"testes_eco": "connected"}:
            continue


async def test_with_a_broker_the_row_is_queued(
    monkeypatch: pytest.MonkeyPatch, database_url: str, database: Database, rabbit: RabbitNode
) -> None:
    async with serving(monkeypatch, database_url, rabbit.url("api")) as client:
        await connected(client)
        async with asyncio.timeout(120):
            first = (await posted(client)).json()["task_id"]
            view: dict[str, object] = {}
            while view.get("status") != "queued":
                view = (await client.get(f"/api/tasks/{first}", params={"wait": 1})).json()
    assert row(database, first).publications == 1


async def test_an_idempotency_key_finds_its_task_or_refuses(client: httpx.AsyncClient) -> None:
    first = await posted(client, **{"Idempotency-Key": "k1"})
    again = await posted(client, **{"Idempotency-Key": '"k1"'})
    other = await posted(client, "y", **{"Idempotency-Key": "k1"})
    bad = await posted(client, **{"Idempotency-Key": "a b"})
    in_body = await client.post("/api/eco/", json={"texto": "x", "idempotency_key": "k2"})
    in_body_again = await client.post("/api/eco", json={"idempotency_key": "k2", "texto": "x"})
    assert again.json()["task_id"] == first.json()["task_id"]
    assert (other.status_code, other.json()["type"]) == (422, "urn:plantao:problema:idempotency-key-reused")
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert in_body.json()["task_id"] == in_body_again.json()["task_id"] != first.json()["task_id"]


async def test_the_same_key_at_once_makes_one_task(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(posted(client, **{"Idempotency-Key": "k1"}) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["task_id"] for answer in answers if answer.status_code == 202}) == 1


async def test_a_status_is_conditional(client: httpx.AsyncClient, database: Database) -> None:
    url = (await posted(client)).json()["status_url"]
    first = await client.get(url)
    tag = first.headers["etag"]
    assert (await client.get(url, headers={"If-None-Match": f'"x", W/{tag}'})).status_code == 304
    settle(database, completed(claimed(database, first.json()["task_id"])))
    done = await client.get(url, headers={"If-None-Match": tag, "Prefer": "respond-async, wait=30"})
    assert (done.status_code, done.json()["status"]) == (200, "completed")
    assert done.headers["preference-applied"] == "wait=30"
    assert done.headers["etag"] != tag and "retry-after" not in done.headers


async def test_a_long_poll_is_woken_by_the_end(client: httpx.AsyncClient, database: Database) -> None:
    task_id = (await posted(client)).json()["task_id"]
    waiting = asyncio.create_task(client.get(f"/api/tasks/{task_id}", params={"wait": 30}))
    await asyncio.sleep(0)
    await asyncio.to_thread(lambda: settle(database, completed(claimed(database, task_id))))
    assert (await waiting).json()["status"] == "completed"
    assert (await client.get(f"/api/tasks/{task_id}", params={"wait": 31})).status_code == 422


async def test_cancel_replay_and_earlier_results(client: httpx.AsyncClient, database: Database) -> None:
    task_id = (await posted(client)).json()["task_id"]
    assert (await client.post(f"/api/tasks/{task_id}/replay")).status_code == 409
    settle(database, completed(claimed(database, task_id)))
    assert (await client.post(f"/api/tasks/{task_id}/cancel")).status_code == 409
    replayed = await client.post(f"/api/tasks/{task_id}/replay")
    assert (replayed.status_code, replayed.json()["status"]) == (202, "pending")
    assert [one["run"] for one in (await client.get(f"/api/tasks/{task_id}/results")).json()] == [1]
    cancelled = await client.post(f"/api/tasks/{task_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")
    assert row(database, task_id).status == "cancelled"


@pytest.mark.parametrize("path", ["/api/tasks/nope", "/api/eco/status/nope", "/api/tasks/nope/results"])
async def test_an_unknown_task_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:plantao:problema:not-found")
    assert (await client.post("/api/tasks/nope/cancel")).status_code == 404
    assert (await client.post("/api/tasks/nope/replay")).status_code == 404
    assert (await client.get("/api/tasks/nope/events")).status_code == 404


async def test_the_timeline_is_followed_to_its_end_and_resumed(client: httpx.AsyncClient, database: Database) -> None:
    task_id = (await posted(client)).json()["task_id"]
    settle(database, completed(claimed(database, task_id)))
    whole = (await client.get(f"/api/tasks/{task_id}/events")).text
    kinds = [line.removeprefix("event: ") for line in whole.splitlines() if line.startswith("event: ")]
    assert kinds == ["accepted", "published", "claimed", "completed"]
    ids = [line.removeprefix("id: ") for line in whole.splitlines() if line.startswith("id: ")]
    rest = (await client.get(f"/api/tasks/{task_id}/events", headers={"Last-Event-ID": ids[1]})).text
    assert rest == whole[whole.index(f"id: {ids[2]}") :]


async def test_rejected_messages_are_paged(client: httpx.AsyncClient, database: Database) -> None:
    with database.write() as connection:
        rejected.keep(connection, [Rejection(f"r{n}", "eco", "v", "not_json", "", b"\xff", None) for n in range(3)])
    first = (await client.get("/api/rejected", params={"limit": 2})).json()
    second = (await client.get("/api/rejected", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [one["id"] for one in first["items"] + second["items"]] == ["r2", "r1", "r0"]
    assert (first["items"][0]["body_base64"], second["next_cursor"]) == ("/w==", None)


@pytest.mark.parametrize(
    "cursor", ["%%%", "YWJj", "/w==", "MjAyNi0wMS0wMSBy", "MjAyNi0wMS0wMVQwMDowMDowMCswMDowMCAA", "a"]
)
async def test_a_cursor_of_somebody_elses_making_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get("/api/rejected", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")


async def test_health_is_not_ok_while_nobody_relays(
    monkeypatch: pytest.MonkeyPatch, database_url: str, database: Database, rabbit: RabbitNode
) -> None:
    async with serving(monkeypatch, database_url, rabbit.url("api")) as client:
        await connected(client)
        beat(database, "consumer", "eco")
        health = (await client.get("/health")).json()
        assert (health["status"], health["relays"]) == ("degraded", 0)
        beat(database, "relay", None)
        health = (await client.get("/health")).json()
        assert (health["status"], health["relays"], len(health["consumers"])) == ("ok", 1, 1)


def beat(database: Database, kind: str, domain: str | None) -> None:
    process = Heartbeat(kind, kind, "pika", "host", 1, "1", "ready", clock.now(), domain=domain)
    with database.write() as connection:
        fleet.beat(connection, process)


async def test_bad_bodies_are_refused_and_leave_no_row(client: httpx.AsyncClient) -> None:
    answers = [
        await client.post("/api/eco/", content=b"{", headers={"content-type": "application/json"}),
        await client.post("/api/eco/", content=b"<a/>", headers={"content-type": "application/xml"}),
        await client.post("/api/eco/", content=b" " * 2_000_000),
        await client.post("/api/eco/", json={"texto": 7}),
    ]
    assert [answer.status_code for answer in answers] == [400, 415, 413, 422]
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)
    assert (await client.get("/health")).json()["unpublished"] == 0


async def test_a_store_that_is_away_answers_503_and_when_to_come_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'without tables.db'}"
    async with serving(monkeypatch, url, NOBODY) as client:
        answers = [await posted(client), await client.get("/api/tasks/t1"), await client.get("/readyz")]
        assert [answer.status_code for answer in answers] == [503] * 3
        assert answers[0].headers["retry-after"] == "5"
        assert (await client.get("/health")).json()["status"] == "unavailable"
        assert (await client.get("/livez")).status_code == 200


async def test_the_documents_are_served_from_here(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assert "/docs/assets/swagger-ui-bundle.js" in page and "cdn" not in page
    assert (await client.get("/docs/assets/swagger-ui.css")).status_code == 200
    paths = (await client.get("/openapi.json")).json()["paths"]
    content = paths["/api/eco/"]["post"]["requestBody"]["content"]["application/json"]
    assert content["example"] == {"texto": "olá"}
    assert "python_info" in (await client.get("/metrics")).text
