"""One attempt: findings are kept before anything else may fail."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from shared.errors import ModelUnavailable, RulesFailed, TaskCancelled
from shared.execution import Run
from shared.findings import Avaliacao
from shared.settings import DomainSettings
from tests.fixtures.domains.eco.domain import Eco, Instavel, Regra
from tests.fixtures.domains.eco.handler import InstavelHandler, RegraHandler
from tests.unit.crews.support import RecordingRun
from workers.attempt import DomainWork, perform

SECRET = "segredo-que-nao-pode-vazar"


@pytest.fixture(scope="module")
def work() -> DomainWork:
    return DomainWork.load(DomainSettings(domain_packages=["tests.fixtures.domains"]), "eco")


def test_a_domain_is_loaded_with_a_handler_for_each_event(work: DomainWork) -> None:
    assert work.handlers.keys() == {event.name for event in work.domain.events}


def test_the_stored_payload_becomes_the_request_again(work: DomainWork) -> None:
    assert work.request("eco", '{"texto":"x"}') == Eco(texto="x")


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("sumiu", "{}"),
        ("eco", f'{{"texto":["{SECRET}"]}}'),
        ("eco", f'{{"texto":"x","{SECRET} 1":1}}'),
        ("eco", SECRET),
    ],
)
def test_a_stored_payload_that_no_longer_fits_fails_with_a_reason_and_no_value(
    work: DomainWork, event: str, payload: str
) -> None:
    with pytest.raises(RulesFailed) as failure:
        work.request(event, payload)
    assert SECRET not in failure.value.detail


def test_findings_are_kept_before_the_model_is_asked() -> None:
    kept: list[Avaliacao] = []
    with pytest.raises(ModelUnavailable):
        perform(InstavelHandler(), Instavel(falhas=9), RecordingRun(), kept.append)
    assert [found.codigo for found in kept[0].achados] == ["critico_teste"]


def test_the_result_is_what_the_handler_says() -> None:
    assert perform(InstavelHandler(), Instavel(falhas=0), RecordingRun(), lambda _: None) == {"tentativa": 1}


def test_a_reason_of_the_rules_is_passed_on_and_a_broken_rule_shows_only_its_kind() -> None:
    def never(_evaluation: Avaliacao) -> None:
        raise AssertionError("nothing was found")

    with pytest.raises(RulesFailed, match="sem idade"):
        perform(RegraHandler(), Regra(motivo="sem idade"), RecordingRun(), never)
    with pytest.raises(RulesFailed, match="ZeroDivisionError") as failure:
        perform(RegraHandler(), Regra(), RecordingRun(), never)
    assert SECRET not in failure.value.detail


def test_an_attempt_that_was_stopped_meanwhile_asks_no_model() -> None:
    class Unasked(InstavelHandler):
        def respond(self, request: BaseModel, evaluation: Avaliacao, run: Run) -> dict[str, Any]:
            raise AssertionError("asked a model after the cancellation")

    run = RecordingRun()
    with pytest.raises(TaskCancelled):
        perform(Unasked(), Instavel(falhas=0), run, lambda _: run.interrupt())
