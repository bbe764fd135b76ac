"""Alerts over HTTP: in the status, in the list of those who answer, and taken by a named person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.database import Database
from tests.integration.api.test_spine_api import NOBODY, posted, serving
from tests.integration.store.alerting import alert, call_due, findings, save
from tests.integration.store.rows import claimed

PERSON = {"conselho": "CRM", "registro": "12.345-6", "uf": "SP", "nota": "avisado"}
SECRET = "segredo-que-nao-pode-voltar"


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(monkeypatch, database_url, NOBODY) as made:
        yield made


async def raised(client: httpx.AsyncClient, database: Database, *alerts: dict[str, Any]) -> str:
    """A running task with these alerts, or with one."""
    task_id: str = (await posted(client)).json()["task_id"]
    save(database, findings(claimed(database, task_id), *(alerts or (alert(),))))
    return task_id


async def acknowledged(client: httpx.AsyncClient, task_id: str, body: Any, alert_id: str = "A1") -> httpx.Response:
    return await client.post(f"/api/tasks/{task_id}/alerts/{alert_id}/ack", json=body)


async def test_the_status_shows_who_was_called_and_who_answered(client: httpx.AsyncClient, database: Database) -> None:
    task_id = await raised(client, database)
    before = await client.get(f"/api/tasks/{task_id}")
    call_due(database)
    after = await client.get(f"/api/tasks/{task_id}", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200, "a call is a change that callers see"
    (shown,) = after.json()["alerts"]
    assert shown.items() >= {"id": "A1", "achado": "A1", "codigo": "potassio_critico", "estado": "aberto"}.items()
    assert (shown["nivel"], shown["reconhecido_por"], shown["execucao"]) == (1, None, 1)
    assert shown["proximo_contato_em"] > shown["em"]
    answer = await acknowledged(client, task_id, PERSON)
    assert answer.status_code == 200
    (now,) = (await client.get(f"/api/tasks/{task_id}")).json()["alerts"]
    assert answer.json() == now
    assert (now["estado"], now["reconhecido_por"], now["nota"]) == ("reconhecido", "CRM-SP 123456", "avisado")
    assert (await acknowledged(client, task_id, PERSON)).json() == now
    other = await acknowledged(client, task_id, {"responsavel": "Enf. Ana, UTI"})
    assert (other.status_code, other.headers["content-type"]) == (409, "application/problem+json")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "(corpo)"),
        ({"conselho": "CRM", "registro": "123"}, "(corpo)"),
        (PERSON | {"responsavel": SECRET}, "(corpo)"),
        (PERSON | {"outro": SECRET}, "outro"),
        (PERSON | {"conselho": SECRET}, "conselho"),
        (PERSON | {"registro": SECRET[:20]}, "registro"),
        (PERSON | {"uf": SECRET}, "uf"),
        ({"responsavel": ""}, "responsavel"),
        ({"responsavel": f"{SECRET}\u0007"}, "responsavel"),
    ],
)
async def test_only_a_named_person_can_take_it(
    client: httpx.AsyncClient, database: Database, body: dict[str, Any], field: str
) -> None:
    task_id = await raised(client, database)
    answer = await acknowledged(client, task_id, body)
    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert SECRET not in answer.text
    assert (await client.get(f"/api/tasks/{task_id}")).json()["alerts"][0]["estado"] == "aberto"


async def test_what_cannot_be_acknowledged(client: httpx.AsyncClient, database: Database) -> None:
    task_id = await raised(client, database)
    for task, name in ((task_id, "A2"), (task_id, "x" * 40), (task_id, "%00"), ("nenhuma", "A1")):
        assert (await acknowledged(client, task, PERSON, name)).status_code == 404
    path = f"/api/tasks/{task_id}/alerts/A1/ack"
    assert (await client.post(path, content=b"{")).status_code == 400
    assert (await client.post(path, content=b"{}", headers={"content-type": "text/plain"})).status_code == 415
    assert (await client.post(path, content=b" " * 2_000_000)).status_code == 413


async def test_open_alerts_are_listed_by_page(client: httpx.AsyncClient, database: Database) -> None:
    first = await raised(client, database, alert(1), alert(2, "sodio_critico"))
    second = await raised(client, database)
    seen: list[tuple[str, str]] = []
    query: dict[str, Any] | None = {"limit": 2}
    while query is not None:
        answer = (await client.get("/api/alerts", params=query)).json()
        seen += [(one["task_id"], one["id"]) for one in answer["items"]]
        query = {"limit": 2, "cursor": answer["next_cursor"]} if answer["next_cursor"] else None
    assert seen == [(first, "A1"), (first, "A2"), (second, "A1")]
    await acknowledged(client, first, PERSON)
    taken = (await client.get("/api/alerts", params={"estado": "reconhecido", "dominio": "eco"})).json()["items"]
    assert [(one["task_id"], one["id"], one["status_url"]) for one in taken] == [(first, "A1", f"/api/tasks/{first}")]
    # A misspelt domain must not look like a quiet night.
    for bad in ({"cursor": "x"}, {"estado": "talvez"}, {"limit": 0}, {"dominio": "ecoo"}):
        assert (await client.get("/api/alerts", params=bad)).status_code == 422
