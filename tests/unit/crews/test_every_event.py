"""Every hospital event's own example, from request to envelope, with the offline model."""

from __future__ import annotations

from typing import cast

import pytest

from handlers.crew_handler import CrewHandler
from handlers.crew_runtime.guardrail import CitationRules
from handlers.registry import load_domains, load_handlers
from shared.domain import Domain, Event
from shared.findings import AVISO_SEM_AGENTES, Resultado
from shared.llm.blocking import BlockingGateway
from tests.unit.crews.support import RecordingRun

# A load writes to the register: tests/unit/ingestao runs that one on a store.
HOSPITAL = ("exames", "clinico", "opme")
DOMAINS = load_domains(["handlers"])
EVENTS = [
    pytest.param(DOMAINS[key], event, id=f"{key}.{event.name}") for key in HOSPITAL for event in DOMAINS[key].events
]


@pytest.mark.parametrize(("domain", "event"), EVENTS)
def test_a_finding_gets_a_cited_opinion(
    domain: Domain, event: Event, run: RecordingRun, offline: BlockingGateway
) -> None:
    handler = cast(CrewHandler, load_handlers(domain, ["handlers"])[event.name]).using(offline, "pt")
    request = event.request.model_validate({**event.example, **event.path_example})
    evaluation = handler.evaluate(request, run)
    result = Resultado.model_validate(handler.respond(request, evaluation, run))
    if not evaluation.achados:
        assert (result.parecer, result.aviso) == (None, AVISO_SEM_AGENTES)
        return
    assert result.parecer is not None
    assert CitationRules(evaluation).faults(result.parecer.texto) == []
    assert result.proveniencia is not None
    assert result.proveniencia.versao_prompt.startswith(f"{domain.key}.{event.name}/")
