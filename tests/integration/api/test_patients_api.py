"""A patient's timeline and a task's source over HTTP: found by any identifier, and no identifier is written down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from api.dependencies import Caller
from shared.database import Database
from shared.tasks import claiming, finding
from shared.tasks.acceptance import TaskSource
from shared.tasks.claiming import Claimed, ClaimRequest
from shared.tasks.finding import Findings
from shared.tasks.schema import task_sources, tasks
from tests.acceptance.hospital import example
from tests.integration.api.test_spine_api import NOBODY, serving
from tests.integration.store.rows import accept, completed, new_task, row, settle

CPF, MASKED, OTHER_CPF = "39053344705", "390.533.447-05", "52998224725"
CNS = "298259791900002"
RECORD = "PRT-739/1846"
CANARIES = (CPF, MASKED, CNS, RECORD, "7391846")


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(monkeypatch, database_url, NOBODY, DOMAIN_PACKAGES='["handlers"]') as made:
        yield made


async def posted(client: httpx.AsyncClient, name: str, **names: str) -> str:
    """A request of that event for a patient with these identifiers only."""
    wanted = example(name)
    patient = {key: value for key, value in wanted.body["paciente"].items() if key not in ("cpf", "cns", "prontuario")}
    if not {"cpf", "cns"} & names.keys():
        patient["nao_identificado"] = {"motivo": "inconsciente"}
    body = wanted.body | {"paciente": patient | {"prontuario": "outro"} | names}
    answer = await client.post(wanted.url, json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["task_id"])


async def timeline(client: httpx.AsyncClient, patient: str, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"/api/pacientes/{patient}/linha-do-tempo", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    return body


def ids(page: dict[str, Any]) -> list[str]:
    return [item["task_id"] for item in page["items"]]


async def test_one_person_across_domains_under_every_name(client: httpx.AsyncClient, database: Database) -> None:
    mine = [
        await posted(client, "clinico.internacao", cpf=MASKED, cns=CNS, prontuario="outro-1"),
        await posted(client, "exames.hemograma", cns=CNS, prontuario=RECORD),
        await posted(client, "opme.solicitacao", prontuario=RECORD),
    ]
    await posted(client, "clinico.consulta", cpf=OTHER_CPF, prontuario="outro-2")
    for patient in (CPF, MASKED, CNS, RECORD, RECORD.lower(), f"prontuario:{RECORD}"):
        assert ids(await timeline(client, patient)) == mine[::-1], patient
    with database.read() as connection:
        stored = connection.execute(select(tasks.c.patient_cpf, tasks.c.patient_cns, tasks.c.patient_record)).all()
    assert not [value for found in stored for value in found if value and (len(value) != 32 or value in CANARIES)]


async def test_an_item_says_what_was_found_without_its_values(client: httpx.AsyncClient, database: Database) -> None:
    task_id = await posted(client, "clinico.internacao", cpf=CPF)
    found = [
        {"id": "A1", "codigo": "news2_alto", "gravidade": "critico", "descricao": "NEWS2 9.", "evidencia": {}},
        {"id": "A2", "codigo": "polifarmacia", "gravidade": "atencao", "descricao": "Sete.", "evidencia": {}},
    ]
    with database.write() as connection:
        (running,) = claiming.claim(connection, [ClaimRequest(task_id, "clinico", "w1", 60)])
        assert isinstance(running, Claimed)
        evaluation = {"achados": found}
        finding.save_findings(connection, [Findings(task_id, running.fence, running.run, evaluation, [])])
    settle(database, completed(running, degraded=True))
    (item,) = (await timeline(client, CPF))["items"]
    assert item["achados"] == [{"codigo": f["codigo"], "gravidade": f["gravidade"]} for f in found]
    assert item["alertas"] == [{"codigo": "news2_alto", "gravidade": "critico"}]
    assert (item["status"], item["degraded"], item["urgent"]) == ("completed", True, True)
    assert item["finished_at"] >= item["created_at"]
    assert (await client.get(item["status_url"])).status_code == 200


async def test_pages_and_domains(client: httpx.AsyncClient) -> None:
    mine = [await posted(client, "exames.exame", cpf=CPF) for _ in range(3)]
    consulta = await posted(client, "clinico.consulta", cpf=CPF)
    assert ids(await timeline(client, CPF, dominio="clinico")) == [consulta]
    first = await timeline(client, CPF, limit=3)
    second = await timeline(client, CPF, limit=3, cursor=first["next_cursor"])
    assert ids(first) + ids(second) == [*mine[::-1], consulta]  # the encounter was hours before it was sent
    assert second["next_cursor"] is None


async def test_whoever_is_unknown_has_an_empty_timeline(client: httpx.AsyncClient) -> None:
    assert await timeline(client, CPF) == {"items": [], "next_cursor": None, "ambiguous": False}


MALFORMED: list[tuple[str, dict[str, Any], str]] = [
    ("390.533.447-06", {}, "paciente"),  # wrong check digit
    ("298259791900003", {}, "paciente"),
    ("prontuario:", {}, "paciente"),
    ("%20%20", {}, "paciente"),
    ("A%00B", {}, "paciente"),
    ("x" * 201, {}, "paciente"),
    (CPF, {"dominio": "outro"}, "dominio"),
    (CPF, {"limit": 0}, "limit"),
    (CPF, {"limit": 201}, "limit"),
    (CPF, {"cursor": "a"}, "cursor"),
]


async def test_what_is_malformed_is_refused_without_being_repeated(
    client: httpx.AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    said = ""
    for patient, query, field in MALFORMED:
        answer = await client.get(f"/api/pacientes/{patient}/linha-do-tempo", params=query)
        assert answer.status_code == 422, patient
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        said += answer.text
    said += "".join(capfd.readouterr())
    assert not [patient for patient, _, _ in MALFORMED if patient in said and patient != "prontuario:"]


def test_a_caller_reads_only_the_domains_that_are_its_own() -> None:
    everything = ["clinico", "exames", "opme"]
    assert Caller("t", "c").readable(everything) == everything
    assert Caller("t", "c", frozenset({"exames", "outro"})).readable(everything) == ["exames"]


async def test_the_source_is_read_back_byte_for_byte(client: httpx.AsyncClient, database: Database) -> None:
    body = b"MSH|^~\\&|\x00\xe7\rPID|1\r"
    report = {"origem": "hl7v2", "mapeados": [], "ausentes": ["OBR-7"], "nao_compreendidos": []}
    item = new_task(domain="exames", source=TaskSource("application/hl7-v2", body, report))
    plain = new_task(domain="exames")
    accept(database, item, plain)
    answer = await client.get(f"/api/tasks/{item.id}/source")
    assert (answer.status_code, answer.content) == (200, body)
    assert answer.headers["content-type"] == "application/hl7-v2"
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert (await client.get(f"/api/tasks/{item.id}/mapping")).json() == report
    for missing in (plain.id, "nenhuma"):
        for part in ("source", "mapping"):
            assert (await client.get(f"/api/tasks/{missing}/{part}")).status_code == 404


def test_a_source_is_kept_with_its_task_or_not_at_all(database: Database) -> None:
    source = TaskSource("application/fhir+json", b"{}", {"origem": "fhir"})
    first, again = new_task("k1", source=source), new_task("k1", source=source)
    accept(database, first)
    accept(database, again)  # the same Idempotency-Key: no second task, no second source
    accept(database, first)  # the same batch after a lost connection
    with database.read() as connection:
        kept = connection.execute(select(task_sources.c.task_id)).scalars().all()
    assert kept == [first.id]
    assert row(database, first.id).status == "pending"
