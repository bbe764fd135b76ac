"""No word that a person typed reaches a crew unless the gateway is told so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from evals.cases import Case, load_cases
from handlers.crew_runtime.case import CrewCase, patient_profile, repeats_typed_text
from handlers.registry import load_domains, load_handlers
from shared.errors import RulesFailed
from shared.findings import Avaliacao
from shared.privacy.identifiers import Identifiers
from tests.unit.crews.support import RecordingRun

CANARY = "zqcanario"
# A load's findings count lines; tests/unit/ingestao holds that they quote none.
CASES = [case for case in load_cases(load_domains(["handlers"])) if case.domain.key != "ingestao"]


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a body there is text."""
    if isinstance(data, str):
        yield path
    elif isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from places(value, (*path, key))


def planted(body: Any, path: tuple[Any, ...]) -> Any:
    """The same body, the canary typed behind what stands there."""
    changed = deepcopy(body)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = f"{place[path[-1]]} {CANARY}"
    return changed


def evaluations(case: Case) -> Iterator[tuple[tuple[Any, ...], Any, Avaliacao]]:
    handler = load_handlers(case.domain, ["handlers"])[case.event.name]
    body = case.request().model_dump(mode="json", exclude_unset=True)
    for path in places(body):
        try:
            request = case.event.request.model_validate(planted(body, path))
            yield path, request, handler.evaluate(request, RecordingRun())
        except (ValueError, RulesFailed):
            continue  # nothing can be typed there


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path)
def test_what_reaches_a_crew_is_known_to_be_typed(case: Case) -> None:
    for path, request, evaluation in evaluations(case):
        facts = json.dumps(
            CrewCase(evaluation, patient_profile(request), Identifiers()).facts(), ensure_ascii=False, default=str
        )
        if CANARY in facts.lower():
            assert repeats_typed_text(request, evaluation), path


def test_a_drug_by_name_is_typed_text_and_a_hemogram_is_not() -> None:
    by_path = {case.path: case for case in CASES}
    said = {}
    for path in ("clinico/alta/alergia_na_alta", "exames/hemograma/plaquetas_criticas"):
        case = by_path[path]
        request = case.request()
        handler = load_handlers(case.domain, ["handlers"])[case.event.name]
        said[case.domain.key] = repeats_typed_text(request, handler.evaluate(request, RecordingRun()))
    assert said == {"clinico": True, "exames": False}
