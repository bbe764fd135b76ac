"""Each shipped Bundle says what the event's native example says, down to the findings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from handlers.clinico.rules import alta, consulta, internacao
from handlers.exames.rules import exame, imagem
from handlers.exames.rules.hemograma import evaluation as hemograma
from handlers.opme.rules import material, protese, solicitacao
from tests.fixtures.fhir import EVENTS, event_of, example, pending, read

RULES: dict[str, Callable[[Any], Any]] = {
    "alta": alta.avaliar,
    "consulta": consulta.avaliar,
    "exame": exame.avaliar,
    "hemograma": hemograma.avaliar,
    "imagem": imagem.avaliar,
    "internacao": internacao.avaliar,
    "material": material.avaliar,
    "protese": protese.avaliar,
    "solicitacao": solicitacao.avaliar,
}


def native(name: str) -> Any:
    event = event_of(name)
    return event.request.model_validate(event.example | event.path_example)


def test_every_hospital_event_but_the_files_reads_fhir() -> None:
    assert sorted(RULES) == EVENTS


@pytest.mark.parametrize("name", EVENTS)
def test_the_same_findings_as_the_native_request(name: str) -> None:
    ours, theirs = RULES[name](native(name)), RULES[name](read(name, example(name)).request)
    assert [(a.codigo, a.gravidade, a.evidencia) for a in theirs.achados] == [
        (a.codigo, a.gravidade, a.evidencia) for a in ours.achados
    ]
    assert theirs.calculos == ours.calculos
    assert theirs.dados_faltantes == ours.dados_faltantes


@pytest.mark.parametrize("name", EVENTS)
def test_the_same_fields_but_for_the_spelling_of_units(name: str) -> None:
    ours, theirs = native(name).model_dump(), read(name, example(name)).request.model_dump()
    for request in (ours, theirs):
        for line in [*request.get("resultados", []), *request.get("anterior", {}).get("resultados", [])]:
            del line["unidade"]
    assert theirs == ours


@pytest.mark.parametrize("name", EVENTS)
def test_the_report_accounts_for_everything(name: str) -> None:
    document = read(name, example(name))
    filled = {pair.para.split(".")[0] for pair in document.report.mapeados}
    missing = {field.split(".")[0] for field in document.report.ausentes if "." not in field}
    fields = set(event_of(name).request.model_fields) - {"idempotency_key", *event_of(name).path_example}
    assert fields <= filled | missing
    assert "extensao_sem_uso" in pending(document), "race and colour fill no field, and the report says so"


def test_the_kept_payload_has_the_digits_of_the_document() -> None:
    document = read("hemograma", example("hemograma"))
    values = [line["valor"] for line in json.loads(document.payload)["resultados"]]
    assert '"value": 90.0,' in example("hemograma").decode()
    assert "90.0" in values and "14.0" in values
    assert event_of("hemograma").request.model_validate_json(document.payload) == document.request


def test_what_the_document_does_not_say_stays_unsaid_in_the_payload() -> None:
    payload = json.loads(read("exame", example("exame")).payload)
    assert "texto_clinico" not in payload
    assert "recusa_ia" not in payload["paciente"]
