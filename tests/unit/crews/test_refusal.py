"""A patient may refuse AI (CFM 2.454/2026): at every event the rules speak and no model is asked."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from handlers.registry import load_domains, load_handlers
from shared.domain import Domain, Event
from shared.findings import AVISO_RECUSA_IA
from shared.llm.blocking import BlockingGateway
from tests.unit.crews.support import RecordingRun

DOMAINS = load_domains(["handlers"])
WITH_A_PATIENT = [
    pytest.param(domain, event, id=f"{key}.{event.name}")
    for key, domain in DOMAINS.items()
    for event in domain.events
    if "paciente" in event.request.model_fields
]


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: Any, **__: Any) -> NoReturn:
        pytest.fail("a model was asked")

    monkeypatch.setattr(BlockingGateway, "complete", asked)
    monkeypatch.setattr("handlers.crew_handler.run_crew", asked)


def test_every_event_about_a_patient_is_met() -> None:
    met = {str(met.id) for met in WITH_A_PATIENT}
    assert {f"{key}.{event.name}" for key in ("clinico", "exames", "opme") for event in DOMAINS[key].events} <= met


@pytest.mark.parametrize(("domain", "event"), WITH_A_PATIENT)
@pytest.mark.usefixtures("no_model")
def test_no_model_is_asked_and_the_result_says_why(domain: Domain, event: Event, run: RecordingRun) -> None:
    handler = load_handlers(domain, ["handlers"])[event.name]
    body = {**event.example, **event.path_example, "paciente": {**event.example["paciente"], "recusa_ia": True}}
    refusing = event.request.model_validate(body)
    willing = event.request.model_validate({**event.example, **event.path_example})
    evaluation = handler.evaluate(refusing, run)
    result = handler.respond(refusing, evaluation, run)
    assert evaluation == handler.evaluate(willing, run)
    assert result["achados"] == evaluation.model_dump(mode="json")["achados"]
    assert (result["parecer"], result["proveniencia"], result["aviso"]) == (None, None, AVISO_RECUSA_IA)
    assert result["revisao"]["estado"] == "pendente"
    assert run.steps == []
