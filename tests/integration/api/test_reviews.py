"""A professional decides: who may, on what, how often, and what of it every reader sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class

from api.routers.reviews import ReviewView
from handlers.registry import load_domains
from shared.clinical.identifiers import normalise
from shared.database import Database
from shared.findings import AVISO_SEM_AGENTES, Achado, Gravidade, ModeloUsado, Parecer, Proveniencia, Resultado, Revisao
from shared.tasks import claiming
from shared.tasks.claiming import Claimed, ClaimRequest
from shared.tasks.settling import Completed
from tests.integration.api.test_spine_api import NOBODY, serving
from tests.integration.store.rows import kinds, results, settle

DOMAINS = load_domains(["handlers"])
EVENT = DOMAINS["exames"].event("hemograma")
ABOUT_A_PATIENT = [
    (key, event.name) for key, domain in DOMAINS.items() for event in domain.events if "paciente" in event.example
]
ACCEPT = {"decisao": "aceito", "conselho": "CRM", "registro": "123456", "uf": "SP"}
REJECT = ACCEPT | {"decisao": "rejeitado", "motivo": "Amostra de outro paciente."}
EDITED_TEXT = "Plaquetas muito baixas [A1]. Sem sangramento ao exame."
EDIT = ACCEPT | {"decisao": "editado", "motivo": "Faltava o exame físico.", "parecer": EDITED_TEXT}
DRAFT = "Plaquetas baixas [A1]."


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(monkeypatch, database_url, NOBODY, DOMAIN_PACKAGES='["handlers"]') as made:
        yield made


def result(*, opinion: bool = True, state: str = "pendente") -> dict[str, Any]:
    found = Achado(
        id="A1",
        codigo="critico_plaquetas",
        gravidade=Gravidade.CRITICO,
        descricao="Plaquetas 12.",
        evidencia={"plaquetas": "12"},
        fonte="tabela",
        versao_regra="hemograma/1",
    )
    written = Proveniencia(
        modelo="m",
        provedor="p",
        modelos=[ModeloUsado(provedor="p", modelo="m", implantacao="d", chamadas=1, custo_microusd=0)],
        contingencia=False,
        versao_prompt="1",
        hash_prompt="h",
        hash_entrada="e",
        versoes_tabelas={},
        tokens={"calls": 1},
        custo_microusd=0,
    )
    return Resultado(
        achados=[found],
        calculos={"vcm": "90.00"},
        dados_faltantes=[],
        nao_avaliado=[],
        versoes_tabelas={"hemograma": "hemograma-2026.11.2"},
        parecer=Parecer(texto=DRAFT, citacoes=["A1"], agentes=["revisor"]) if opinion else None,
        revisao=Revisao(estado=state),
        proveniencia=written if opinion else None,
        aviso=AVISO_SEM_AGENTES,
    ).model_dump(mode="json")


async def accepted(client: httpx.AsyncClient) -> str:
    assert EVENT
    return str((await client.post("/api/exames/hemograma/", json=EVENT.example)).json()["task_id"])


def complete(database: Database, task_id: str, outcome: dict[str, Any], domain: str = "exames", **values: Any) -> None:
    with database.write() as connection:
        (claim,) = claiming.claim(connection, [ClaimRequest(task_id, domain, "w1", 60.0)])
    assert isinstance(claim, Claimed)
    assert settle(database, Completed(task_id, claim.fence, claim.run, outcome, **values)) == [True]


@pytest.fixture
async def task_id(client: httpx.AsyncClient, database: Database) -> str:
    """A completed task with a draft opinion."""
    made = await accepted(client)
    complete(database, made, result())
    return made


async def review(client: httpx.AsyncClient, task_id: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await client.post(f"/api/tasks/{task_id}/review", json=body, headers=headers)


async def seen(client: httpx.AsyncClient, task_id: str) -> tuple[dict[str, Any], str]:
    answer = await client.get(f"/api/tasks/{task_id}")
    return answer.json(), answer.headers["etag"]


async def test_an_acceptance_is_seen_by_everybody(client: httpx.AsyncClient, database: Database, task_id: str) -> None:
    before, tag = await seen(client, task_id)
    answer = await review(client, task_id, ACCEPT, **{"If-Match": tag})
    after, new_tag = await seen(client, task_id)
    assert answer.status_code == 201
    ReviewView.model_validate(answer.json())
    assert answer.headers["etag"] == new_tag != tag
    assert (before["review"], after["review"]) == ("pendente", "aceito")
    stands = after["result"]["revisao"]
    assert [stands[name] for name in ("estado", "conselho", "registro", "uf")] == ["aceito", "CRM", "123456", "SP"]
    assert stands["em"] == answer.json()["em"]
    assert after["result"] | {"revisao": None} == before["result"] | {"revisao": None}
    assert kinds(database, task_id)[-1] == "reviewed"
    assert (await client.get(after_url(task_id), headers={"If-None-Match": tag})).status_code == 200


def after_url(task_id: str) -> str:
    return f"/api/exames/status/{task_id}"


async def test_an_edit_stands_and_keeps_the_difference(
    client: httpx.AsyncClient, database: Database, task_id: str
) -> None:
    made = (await review(client, task_id, EDIT)).json()
    view, _ = await seen(client, task_id)
    assert view["result"]["parecer"] == {"texto": EDITED_TEXT, "citacoes": ["A1"], "agentes": ["revisor"]}
    assert view["result"]["revisao"]["motivo"] == EDIT["motivo"]
    assert [(line["mudanca"], line["texto"], line["sem_citacao"]) for line in made["diferenca"]] == [
        ("removida", DRAFT, False),
        ("acrescentada", "Plaquetas muito baixas [A1].", False),
        ("acrescentada", "Sem sangramento ao exame.", True),
    ]
    assert results(database, task_id) == [(1, result())]
    raw = (await client.get(f"/api/tasks/{task_id}/results")).json()
    assert raw[0]["result"] == result()


async def test_a_rejected_draft_is_withdrawn_and_its_findings_stay(client: httpx.AsyncClient, task_id: str) -> None:
    assert (await review(client, task_id, REJECT)).status_code == 201
    view, _ = await seen(client, task_id)
    assert (view["review"], view["result"]["parecer"]) == ("rejeitado", None)
    assert view["result"]["achados"] == result()["achados"]


async def test_the_same_body_again_changes_nothing(client: httpx.AsyncClient, task_id: str) -> None:
    _, tag = await seen(client, task_id)
    first = await review(client, task_id, EDIT, **{"If-Match": tag})
    again = await review(client, task_id, EDIT, **{"If-Match": tag})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["etag"] == first.headers["etag"]
    assert len((await client.get(f"/api/tasks/{task_id}/reviews")).json()) == 1


async def test_a_second_decision_needs_to_have_read_the_first(client: httpx.AsyncClient, task_id: str) -> None:
    _, tag = await seen(client, task_id)
    first = await review(client, task_id, ACCEPT)
    assert (await review(client, task_id, REJECT)).status_code == 409
    assert (await review(client, task_id, REJECT, **{"If-Match": "*"})).status_code == 409
    assert (await review(client, task_id, REJECT, **{"If-Match": tag})).status_code == 412
    assert (await review(client, task_id, REJECT, **{"If-Match": f"W/{first.headers['etag']}"})).status_code == 412
    second = await review(client, task_id, REJECT, **{"If-Match": f'"x", {first.headers["etag"]}'})
    assert second.status_code == 201
    history = (await client.get(f"/api/tasks/{task_id}/reviews")).json()
    assert [(one["numero"], one["decisao"]) for one in history] == [(2, "rejeitado"), (1, "aceito")]
    assert (await seen(client, task_id))[0]["review"] == "rejeitado"


async def test_of_two_at_once_one_decides(client: httpx.AsyncClient, task_id: str) -> None:
    others = [ACCEPT | {"registro": str(number)} for number in range(1, 7)]
    answers = await asyncio.gather(*(review(client, task_id, body) for body in others))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert len((await client.get(f"/api/tasks/{task_id}/reviews")).json()) == 1


async def test_only_a_completed_result_can_be_decided_on(client: httpx.AsyncClient, database: Database) -> None:
    waiting = await accepted(client)
    for path in ("fhir", "provenance"):
        assert (await client.get(f"/api/tasks/{waiting}/{path}")).status_code == 409
    assert (await review(client, waiting, ACCEPT)).status_code == 409
    complete(database, waiting, {"feito": True})
    assert (await review(client, waiting, ACCEPT)).status_code == 409
    assert (await client.get(f"/api/tasks/{waiting}/fhir")).status_code == 409
    assert (await review(client, "nope", ACCEPT)).status_code == 404
    assert (await client.get("/api/tasks/nope/reviews")).status_code == 404


async def test_a_result_of_an_older_release_has_no_form_in_fhir(client: httpx.AsyncClient, database: Database) -> None:
    older = result()
    older["proveniencia"]["custo"] = older["proveniencia"].pop("custo_microusd")
    task_id = await accepted(client)
    complete(database, task_id, older)
    for path in ("fhir", "provenance"):
        answer = await client.get(f"/api/tasks/{task_id}/{path}")
        assert answer.status_code == 409
        assert "versão" in answer.json()["detail"]


async def test_nothing_is_accepted_by_itself(client: httpx.AsyncClient, database: Database) -> None:
    """Not even by a handler that says so, and not by what was accepted of an earlier run."""
    made = await accepted(client)
    complete(database, made, result(state="aceito"))
    assert (await seen(client, made))[0]["review"] == "pendente"
    assert (await review(client, made, ACCEPT)).status_code == 201
    assert (await client.post(f"/api/tasks/{made}/replay")).status_code == 202
    assert (await seen(client, made))[0]["review"] is None
    complete(database, made, result())
    view, _ = await seen(client, made)
    assert (view["run"], view["review"], view["result"]["revisao"]["registro"]) == (2, "pendente", None)
    assert [one["run"] for one in (await client.get(f"/api/tasks/{made}/reviews")).json()] == [1]


async def test_a_degraded_result_can_be_signed_and_written_upon(client: httpx.AsyncClient, database: Database) -> None:
    made = await accepted(client)
    why = {"code": "model_unavailable", "detail": ""}
    complete(database, made, result(opinion=False), degraded=True, error=why)
    assert (await client.get(f"/api/tasks/{made}/provenance")).json()["agent"][0]["type"]["coding"][0]["code"] == (
        "assembler"
    )
    answer = await review(client, made, EDIT)
    view, _ = await seen(client, made)
    assert {line["mudanca"] for line in answer.json()["diferenca"]} == {"acrescentada"}
    assert view["result"]["parecer"] == {"texto": EDITED_TEXT, "citacoes": ["A1"], "agentes": []}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"registro": "SEGREDO"}, "registro"),
        ({"motivo": None}, "motivo"),
        ({"parecer": None}, "parecer"),
        ({"parecer": "SEGREDO [A7]."}, "parecer"),
        ({"decisao": "SEGREDO"}, "decisao"),
        ({"segredo_nao": 1}, "segredo_nao"),
    ],
)
async def test_a_bad_body_names_the_field_and_never_the_value(
    client: httpx.AsyncClient, task_id: str, change: dict[str, Any], field: str
) -> None:
    answer = await review(client, task_id, EDIT | change)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["field"] == field
    assert "SEGREDO" not in answer.text or field.startswith("SEGREDO")
    assert (await seen(client, task_id))[0]["review"] == "pendente"


async def test_another_media_type_or_no_json_is_refused(client: httpx.AsyncClient, task_id: str) -> None:
    path = f"/api/tasks/{task_id}/review"
    assert (await client.post(path, content="x", headers={"Content-Type": "text/plain"})).status_code == 415
    assert (await client.post(path, content="{", headers={"Content-Type": "application/json"})).status_code == 400


async def test_read_back_as_fhir_run_by_run(client: httpx.AsyncClient, database: Database, task_id: str) -> None:
    await review(client, task_id, ACCEPT)
    await client.post(f"/api/tasks/{task_id}/replay")
    assert (await client.get(f"/api/tasks/{task_id}/fhir")).status_code == 409
    complete(database, task_id, result())
    _, tag = await seen(client, task_id)
    for run, status in ((1, "final"), (2, "preliminary")):
        answer = await client.get(f"/api/tasks/{task_id}/fhir", params={"run": run})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json")
        assert answer.headers["etag"] == tag
        get_fhir_model_class("Bundle").model_validate_json(answer.content)
        assert answer.json()["entry"][0]["resource"]["status"] == status
        record = await client.get(f"/api/tasks/{task_id}/provenance", params={"run": run})
        get_fhir_model_class("Provenance").model_validate_json(record.content)
        assert len(record.json()["agent"]) == (3 if run == 1 else 2)
    assert (await client.get(f"/api/tasks/{task_id}/fhir", params={"run": 3})).status_code == 404
    assert (await client.get(f"/api/tasks/{task_id}/fhir", params={"run": 0})).status_code == 422


async def test_every_event_is_read_back_from_the_request_as_it_was_stored(
    client: httpx.AsyncClient, database: Database
) -> None:
    for key, name in ABOUT_A_PATIENT:
        event = DOMAINS[key].event(name)
        assert event
        path = f"/api/{key}/{event.path.format(**event.path_example)}"
        task = (await client.post(path, json=event.example)).json()["task_id"]
        complete(database, task, result(), domain=key)
        answer = await client.get(f"/api/tasks/{task}/fhir")
        assert answer.status_code == 200, (name, answer.text)
        get_fhir_model_class("Bundle").model_validate_json(answer.content)
        report = answer.json()["entry"][0]["resource"]
        assert report["subject"]["identifier"]["value"] == normalise(event.example["paciente"]["cpf"])
