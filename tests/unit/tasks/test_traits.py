"""What acceptance reads off the requests of the real domains."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from handlers.clinico.domain import DOMAIN as CLINICO
from handlers.exames.domain import DOMAIN as EXAMES
from handlers.ingestao.domain import DOMAIN as INGESTAO
from handlers.opme.domain import DOMAIN as OPME
from shared.domain import Domain
from shared.privacy.blind_index import NOBODY, BlindIndex, IdentifierKind
from shared.tasks.traits import TaskTraits, traits_of

BLIND = BlindIndex("chave-dos-testes", "default")


def _traits(domain: Domain, name: str, **changes: Any) -> TaskTraits:
    event = domain.event(name)
    assert event
    request = event.request.model_validate(event.example | event.path_example | changes)
    return traits_of(event, request, BLIND)


@pytest.mark.parametrize(
    ("domain", "event", "changes", "urgent"),
    [
        (CLINICO, "internacao", {"carater": "urgencia"}, True),
        (CLINICO, "internacao", {"carater": "eletiva"}, False),
        (CLINICO, "alta", {"carater": "urgencia"}, False),
        (CLINICO, "consulta", {}, False),
        (EXAMES, "exame", {"urgencia": True}, True),
        (EXAMES, "exame", {"urgencia": False}, False),
        (EXAMES, "hemograma", {}, False),
        (OPME, "solicitacao", {"carater": "urgencia"}, True),
        (OPME, "protese", {"carater": "eletiva"}, False),
        (OPME, "material", {"carater": "outros"}, False),
    ],
)
def test_which_work_overtakes(domain: Domain, event: str, changes: dict[str, Any], urgent: bool) -> None:
    assert _traits(domain, event, **changes).urgent is urgent


def test_only_a_discharge_waits_and_for_admissions() -> None:
    waiting = {
        (domain.key, event.name): _traits(domain, event.name).after
        for domain in (CLINICO, EXAMES, OPME, INGESTAO)
        for event in domain.events
    }
    assert {name: after for name, after in waiting.items() if after} == {("clinico", "alta"): ("internacao",)}


def test_the_subject_is_the_patient_in_normal_form() -> None:
    masked = CLINICO.events[0].example["paciente"] | {"cpf": "529.982.247-25", "prontuario": " hc 9 "}
    subject = _traits(CLINICO, "consulta", paciente=masked).subject
    assert subject.cpf == BLIND.value(IdentifierKind.CPF, "52998224725")
    assert subject.record == BLIND.value(IdentifierKind.RECORD, "HC9")


@pytest.mark.parametrize(
    ("domain", "event", "field"),
    [
        (CLINICO, "consulta", "data_hora"),
        (CLINICO, "internacao", "data_hora_internacao"),
        (CLINICO, "alta", "data_hora_alta"),
        (EXAMES, "hemograma", "coleta_em"),
    ],
)
def test_when_it_happened_to_the_patient(domain: Domain, event: str, field: str) -> None:
    long_ago = "2026-11-19T23:04:05-03:00"
    changes = {"data_hora_internacao": long_ago} if event == "alta" else {}
    assert _traits(domain, event, **(changes | {field: long_ago})).occurred_at == datetime.fromisoformat(long_ago)


def test_a_file_of_patients_is_about_nobody() -> None:
    assert _traits(INGESTAO, "pacientes").subject == NOBODY


def test_work_about_nobody_waits_for_nobody() -> None:
    event = replace(INGESTAO.events[0], after=("medicos",))
    assert traits_of(event, event.request.model_validate(event.example), BLIND) == TaskTraits(NOBODY, False, ())
