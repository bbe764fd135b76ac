"""Rows, rejects, questions and merges over HTTP, on both databases."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from shared.database import Database
from tests.integration.api.test_spine_api import NOBODY, serving
from tests.integration.register.loads import BLIND_KEY, ROSA, LoadRun, Loads, csv_of
from tests.integration.register.test_merging import TWIN

BAD = 'Ana "Nana";;123;;;1990-01-31;F;=1+1'
BASE = "/api/ingestao"


@pytest.fixture
async def client(
    monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    packages, files = '["handlers"]', str(tmp_path / "files")
    environment = {"DOMAIN_PACKAGES": packages, "BLIND_INDEX_KEY": BLIND_KEY, "FILES_DIR": files}
    async with serving(monkeypatch, database_url, NOBODY, **environment) as made:
        yield made


@pytest.fixture
def task(database: Database, tmp_path: Path) -> str:
    """A task that loaded three rows: one inserted, one rejected, one that may be the first again."""
    loads = Loads(database, tmp_path / "files")
    name = loads.task()
    loads.load(csv_of(ROSA, BAD, TWIN).encode("latin-1"), run=LoadRun(name))
    return name


async def test_an_upload_that_is_not_there_is_refused_unless_the_request_is_a_repetition(
    client: httpx.AsyncClient,
) -> None:
    upload = (await client.post("/api/uploads", files={"file": ("a.csv", csv_of(ROSA))})).json()["id"]
    request = {"formato": "csv", "origem": "recepção", "arquivo": upload.upper()}
    keyed = {"Idempotency-Key": "carga-de-hoje"}
    first = await client.post(f"{BASE}/pacientes", json=request, headers=keyed)
    assert first.status_code == 202
    assert (await client.delete(f"/api/uploads/{upload}")).status_code == 204
    for path in ("pacientes", "medicos", ""):
        refused = await client.post(f"{BASE}/{path}", json=request)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "arquivo")
        assert upload not in refused.text.lower()
    other = await client.post(f"{BASE}/pacientes", json=request, headers={"Idempotency-Key": "outra"})
    again = await client.post(f"{BASE}/pacientes", json=request, headers=keyed)
    assert (other.status_code, again.json()["task_id"]) == (422, first.json()["task_id"])


async def test_rows_by_page_and_by_disposition(client: httpx.AsyncClient, task: str) -> None:
    first = (await client.get(f"{BASE}/{task}/linhas", params={"limit": 2})).json()
    assert [(row["linha"], row["disposicao"]) for row in first["items"]] == [(2, "inserido"), (3, "rejeitado")]
    rest = (await client.get(f"{BASE}/{task}/linhas", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [row["codigos"] for row in rest["items"]] == [["possivel_mesma_pessoa"]]
    assert rest["next_cursor"] is None
    bad = (await client.get(f"{BASE}/{task}/linhas", params={"disposicao": "rejeitado"})).json()["items"]
    assert [(row["codigos"], row["cadastro"]) for row in bad] == [(["cpf_invalido"], None)]
    assert (await client.get(f"{BASE}/{task}/linhas", params={"disposicao": "x"})).status_code == 422


async def test_rejects_come_back_byte_for_byte(client: httpx.AsyncClient, task: str) -> None:
    answer = await client.get(f"{BASE}/{task}/rejeitados.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="rejeitados.csv"'
    assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")
    rows = list(csv.reader(io.StringIO(answer.content.decode("latin-1")), delimiter=";"))
    assert rows == [["linha", "codigos", "linha_original"], ["3", "cpf_invalido", BAD]]


async def test_rejects_for_a_spreadsheet_begin_no_formula(
    client: httpx.AsyncClient, database: Database, tmp_path: Path
) -> None:
    loads, formula = Loads(database, tmp_path / "files"), "=cmd|' /C calc'!A0;;123;;;1990-01-31;F;"
    name = loads.task()
    loads.load(csv_of(formula, BAD), run=LoadRun(name))
    written = []
    for wanted in ("", "?planilha=true"):
        text = (await client.get(f"{BASE}/{name}/rejeitados.csv{wanted}")).text
        written.append([row[2] for row in csv.reader(io.StringIO(text), delimiter=";")][1:])
    assert written == [[formula, BAD], [f"'{formula}", BAD]]


@pytest.mark.parametrize("path", ["{0}/linhas", "{0}/rejeitados.csv", "fusoes/{0}/desfazer", "revisoes/{0}"])
async def test_what_does_not_exist_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    unknown = "0b0e7a3c-6a7e-4b43-9a53-0f3a54c9b8f1"
    url = f"{BASE}/{path.format(unknown)}"
    body = {"responsavel": "x"} | ({"decisao": "mesma_pessoa"} if "revisoes" in path else {})
    answer = await (client.get(url) if "{0}/" in path[:4] else client.post(url, json=body))
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_question_is_answered_and_its_merge_undone(client: httpx.AsyncClient, task: str) -> None:
    (question,) = (await client.get(f"{BASE}/revisoes")).json()["items"]
    assert (question["motivo"], question["estado"], question["linha"]) == ("possivel_mesma_pessoa", "aberta", 4)
    assert [person["nome"] for person in question["pessoas"]] == ["Rosa Ivonete Carrilho", "Rosa Ivonete Carrilo"]
    decision = {"decisao": "mesma_pessoa", "responsavel": "Dra. Vera Lima"}
    url = f"{BASE}/revisoes/{question['id']}"
    decided = (await client.post(url, json=decision)).json()
    assert (await client.post(url, json=decision)).status_code == 409
    assert (await client.get(f"{BASE}/revisoes")).json()["items"] == []
    (merge,) = (await client.get(f"{BASE}/fusoes")).json()["items"]
    assert (merge["id"], merge["estado"]) == (decided["fusao"], "feita")
    undone = await client.post(f"{BASE}/fusoes/{merge['id']}/desfazer", json={"responsavel": "Dra. Vera Lima"})
    assert undone.json()["estado"] == "desfeita"
    (merge,) = (await client.get(f"{BASE}/fusoes")).json()["items"]
    assert merge["desfeita_por"] == "Dra. Vera Lima"


@pytest.mark.parametrize("body", [{}, {"decisao": "talvez", "responsavel": "x"}, {"decisao": "mesma_pessoa"}])
async def test_an_answer_needs_a_decision_and_a_person(client: httpx.AsyncClient, body: dict[str, str]) -> None:
    answer = await client.post(f"{BASE}/revisoes/0b0e7a3c-6a7e-4b43-9a53-0f3a54c9b8f1", json=body)
    assert answer.status_code == 422
    assert "talvez" not in answer.text
