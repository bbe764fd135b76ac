"""From the posted hemogram to the signed one, and its way into the chart, over the running platform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from dev.rabbitmq_node import RabbitNode
from tests.acceptance.broker import Vhost
from tests.acceptance.hospital import DOMAINS, assert_envelope, example
from tests.acceptance.timeline import kinds
from tests.platform import Platform

SIGNED = {"conselho": "CRM", "registro": "123456", "uf": "SP"}


@pytest.fixture(scope="module")
def platform(
    rabbit: RabbitNode, module_postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    Vhost(rabbit, DOMAINS["exames"].vhost).empty()
    running = Platform(rabbit, module_postgres_url, tmp_path_factory.mktemp("review"), "pika")
    try:
        running.start_api()
        running.start_workers("--domains", "exames", wait_for=("exames",))
        yield running
    finally:
        running.close()


def drafted(platform: Platform, **patient: Any) -> str:
    """A completed hemogram that nobody has looked at."""
    found = example("exames.hemograma")
    found.body["paciente"] |= patient
    task = platform.submit(found.url, found.body)
    assert_envelope(platform.finished(task)["result"])
    return task


def read_back(platform: Platform, task: str, what: str, **query: int) -> dict[str, Any]:
    """The Bundle or the Provenance, valid R4."""
    answer = platform.client.get(f"/api/tasks/{task}/{what}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    get_fhir_model_class(found["resourceType"]).model_validate_json(answer.content)
    return found


def test_a_hemogram_is_signed_and_read_into_the_chart(platform: Platform) -> None:
    task = drafted(platform)
    draft = platform.client.get(f"/api/tasks/{task}")
    body = SIGNED | {"decisao": "aceito"}
    headers = {"If-Match": draft.headers["etag"]}
    assert read_back(platform, task, "fhir")["entry"][0]["resource"]["status"] == "preliminary"
    answer = platform.client.post(f"/api/tasks/{task}/review", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    signed = platform.client.get(f"/api/tasks/{task}", headers={"If-None-Match": draft.headers["etag"]})
    assert (signed.status_code, signed.headers["etag"]) == (200, answer.headers["etag"])
    assert signed.json()["review"] == signed.json()["result"]["revisao"]["estado"] == "aceito"
    assert kinds(platform.client, task)[-1] == "reviewed"
    bundle = read_back(platform, task, "fhir")
    report = bundle["entry"][0]["resource"]
    assert (report["resourceType"], report["status"]) == ("DiagnosticReport", "final")
    assert report["conclusion"] == signed.json()["result"]["parecer"]["texto"]
    issues = [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "DetectedIssue"]
    assert {issue["code"]["text"] for issue in issues} == {alert["codigo"] for alert in signed.json()["alerts"]}
    record = read_back(platform, task, "provenance")
    assert [agent["type"]["coding"][0]["code"] for agent in record["agent"]] == ["assembler", "author", "verifier"]
    assert record["agent"][1]["who"]["identifier"]["value"] == "offline-deterministico"
    assert record["agent"][2]["who"]["identifier"]["value"] == "123456"


def test_an_edit_then_a_rejection_then_a_new_run(platform: Platform) -> None:
    task = drafted(platform)
    text = "Plaquetas criticamente baixas [A1]. Sem sangramento ao exame."
    edit = SIGNED | {"decisao": "editado", "motivo": "Exame físico.", "parecer": text}
    edited = platform.client.post(f"/api/tasks/{task}/review", json=edit)
    assert edited.status_code == 201, edited.text
    assert {"removida", "acrescentada"} <= {line["mudanca"] for line in edited.json()["diferenca"]}
    assert platform.view(task)["result"]["parecer"]["texto"] == text
    original = platform.client.get(f"/api/tasks/{task}/results").json()[0]["result"]
    assert original["parecer"]["texto"] != text and original["revisao"]["estado"] == "pendente"
    reject = SIGNED | {"decisao": "rejeitado", "motivo": "Amostra trocada."}
    assert platform.client.post(f"/api/tasks/{task}/review", json=reject).status_code == 409
    newest = {"If-Match": edited.headers["etag"]}
    assert platform.client.post(f"/api/tasks/{task}/review", json=reject, headers=newest).status_code == 201
    assert read_back(platform, task, "fhir")["entry"][0]["resource"]["status"] == "entered-in-error"
    assert platform.client.post(f"/api/tasks/{task}/replay").status_code == 202
    assert platform.finished(task)["review"] == "pendente"
    history = platform.client.get(f"/api/tasks/{task}/reviews").json()
    assert [(one["run"], one["numero"], one["decisao"]) for one in history] == [(1, 2, "rejeitado"), (1, 1, "editado")]
    assert len(read_back(platform, task, "provenance", run=1)["agent"]) == 3
    assert len(read_back(platform, task, "provenance", run=2)["agent"]) == 2


def test_a_refusal_of_ai_is_on_the_record(platform: Platform) -> None:
    task = drafted(platform, recusa_ia=True)
    assert "recusou o uso de IA" in platform.view(task)["result"]["aviso"]
    record = read_back(platform, task, "provenance")
    assert "o paciente recusou o uso de IA" in record["text"]["div"]
    assert [agent["type"]["coding"][0]["code"] for agent in record["agent"]] == ["assembler"]
