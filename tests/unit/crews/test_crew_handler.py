"""The envelope, and who keeps agents out of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handlers.crew_handler import CrewHandler
from handlers.crew_runtime.spec import CrewSpec
from shared.clinical.people import Pedido
from shared.errors import ModelUnavailable
from shared.findings import AVISO_RASCUNHO, AVISO_RECUSA_IA, Avaliacao
from shared.llm.blocking import BlockingGateway
from tests.llmock.faults import FaultPlan
from tests.llmock.server import MockProvider
from tests.unit.crews.support import RecordingRun, evaluation_with

CANARIES = {"cpf": "52998224725", "prontuario": "PR-7712093", "nome": "Zuleide Canaria", "nome_social": "Zuzu Canaria"}
FREE_TEXT = "Texto livre canário que nenhum modelo pode ler jamais"


def request(**patient: Any) -> Pedido:
    return Pedido.model_validate(
        {
            "paciente": {**CANARIES, "data_nascimento": "1951-03-04", "sexo": "F", **patient},
            "profissional": {"nome": "Hermenegildo Prates", "crm": "998877", "uf": "SP"},
            "texto_clinico": FREE_TEXT,
        }
    )


@pytest.fixture
def handler(hemogram_crew: CrewSpec, gateway: BlockingGateway) -> CrewHandler:
    return CrewHandler(lambda _: evaluation_with("6.8"), hemogram_crew, lambda: gateway)


def test_findings_opinion_and_draft_notice(handler: CrewHandler, run: RecordingRun) -> None:
    asked = request()
    result = handler.respond(asked, handler.evaluate(asked, run), run)
    assert result["achados"] == evaluation_with("6.8").model_dump(mode="json")["achados"]
    assert result["calculos"] == {"mentzer": "18.7"}
    assert result["versoes_tabelas"] == result["proveniencia"]["versoes_tabelas"] == {"hemograma": "2026-01"}
    assert result["parecer"]["citacoes"] == ["A1", "A2"]
    assert result["revisao"]["estado"] == "pendente"
    assert result["aviso"] == AVISO_RASCUNHO


def test_nothing_that_identifies_leaves(handler: CrewHandler, provider: MockProvider, run: RecordingRun) -> None:
    asked = request()
    handler.respond(asked, handler.evaluate(asked, run), run)
    sent = json.dumps(provider.requests, ensure_ascii=False).lower()
    assert "idoso" in sent
    for canary in [*CANARIES.values(), "1951", "zuleide", "hermenegildo", "998877", FREE_TEXT]:
        assert canary.lower() not in sent


def test_a_patient_who_refuses_gets_rules_only(handler: CrewHandler, provider: MockProvider, run: RecordingRun) -> None:
    asked = request(recusa_ia=True)
    result = handler.respond(asked, handler.evaluate(asked, run), run)
    assert result["parecer"] is None
    assert result["aviso"] == AVISO_RECUSA_IA
    assert handler.degrade(asked, handler.evaluate(asked, run))["aviso"] == AVISO_RECUSA_IA
    assert len(result["achados"]) == 2
    assert provider.requests == []


def test_no_finding_needs_no_agent(handler: CrewHandler, provider: MockProvider, run: RecordingRun) -> None:
    assert handler.respond(request(), Avaliacao(), run)["parecer"] is None
    assert provider.requests == []


def test_a_shut_gate_needs_no_agent(
    hemogram_crew: CrewSpec, gateway: BlockingGateway, provider: MockProvider, run: RecordingRun
) -> None:
    handler = CrewHandler(lambda _: Avaliacao(), hemogram_crew, lambda: gateway, gate=lambda _: False)
    assert handler.respond(request(), evaluation_with("6.8"), run)["parecer"] is None
    assert provider.requests == []


def test_a_failing_model_is_the_workers_to_judge(
    handler: CrewHandler, provider: MockProvider, run: RecordingRun
) -> None:
    provider.plan = FaultPlan("500")
    with pytest.raises(ModelUnavailable):
        handler.respond(request(), evaluation_with("6.8"), run)


def test_degraded_keeps_every_finding(handler: CrewHandler) -> None:
    result = handler.degrade(request(), evaluation_with("6.8"))
    assert [finding["id"] for finding in result["achados"]] == ["A1", "A2"]
    assert (result["parecer"], result["proveniencia"]) == (None, None)
    assert result["versoes_tabelas"] == {"hemograma": "2026-01"}
