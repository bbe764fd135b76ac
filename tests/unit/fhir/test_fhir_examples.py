"""Each shipped Bundle says what the event's native example says, down to the findings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handlers.registry import load_handlers
from shared.findings import Avaliacao
from tests.fixtures.fhir import DOMAINS, EVENTS, domain_of, event_of, example, pending, read
from tests.unit.crews.support import RecordingRun

WITH_RACE = [name for name in EVENTS if "BRRacaCorEtnia" in example(name).decode()]


def native(name: str) -> Any:
    event = event_of(name)
    return event.request.model_validate(event.example | event.path_example)


def findings(name: str, request: Any) -> Avaliacao:
    return load_handlers(domain_of(name), ["handlers"])[name].evaluate(request, RecordingRun())


def test_every_hospital_event_but_the_files_reads_fhir() -> None:
    assert {event.name for key in ("clinico", "exames", "opme") for event in DOMAINS[key].events} <= set(EVENTS)


@pytest.mark.parametrize("name", EVENTS)
def test_the_same_findings_as_the_native_request(name: str) -> None:
    ours, theirs = findings(name, native(name)), findings(name, read(name, example(name)).request)
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


@pytest.mark.parametrize("name", WITH_RACE)
def test_race_and_colour_fill_no_field_and_the_report_says_so(name: str) -> None:
    assert "extensao_sem_uso" in pending(read(name, example(name)))


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
