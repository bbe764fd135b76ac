"""An incomplete request reaches no model: the gate answers with what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from handlers import crew_handler
from handlers.opme.handler import HANDLERS
from tests.unit.crews.support import RecordingRun
from tests.unit.opme.claims import claim, prosthesis, supply

REQUESTS = {"solicitacao": claim, "protese": prosthesis, "material": supply}


class ModelCalled(Exception):
    """The crew was started."""


@pytest.fixture(autouse=True)
def no_crew(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise ModelCalled

    monkeypatch.setattr(crew_handler, "run_crew", refuse)


@pytest.mark.parametrize("event", REQUESTS)
@pytest.mark.parametrize("field", ["numero_guia", "itens", "cotacoes"])
def test_incomplete_stops_before_the_crew(event: str, field: str) -> None:
    request = REQUESTS[event](carater="eletiva", **{field: None})
    evaluation = HANDLERS[event].evaluate(request, RecordingRun())
    answer = HANDLERS[event].respond(request, evaluation, RecordingRun())
    assert answer["parecer"] is None
    assert answer["calculos"]["item_faltante"] == field
    assert answer["calculos"]["prazo_resposta_ate"] == "2026-12-01"


@pytest.mark.parametrize("event", REQUESTS)
def test_a_complete_request_goes_on_to_the_crew(event: str) -> None:
    request = REQUESTS[event]()
    evaluation = HANDLERS[event].evaluate(request, RecordingRun())
    with pytest.raises(ModelCalled):
        HANDLERS[event].respond(request, evaluation, RecordingRun())
