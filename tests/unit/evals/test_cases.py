"""The labelled set itself: enough of it, still fitting the rules, and mended by name when it does not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from evals.cases import Case, CaseError, load_cases, merged
from handlers.registry import load_domains, load_handlers
from shared.domain import Domain
from tests.unit.crews.support import RecordingRun

HOSPITAL = ("clinico", "exames", "ingestao", "opme")


@pytest.fixture(scope="module")
def domains() -> dict[str, Domain]:
    return load_domains(["handlers"])


@pytest.fixture(scope="module")
def cases(domains: dict[str, Domain]) -> list[Case]:
    return load_cases(domains)


def test_every_hospital_event_has_at_least_three_and_one_without_an_opinion_per_domain(
    domains: dict[str, Domain], cases: list[Case]
) -> None:
    per_event = Counter((case.domain.key, case.event.name) for case in cases)
    wanted = {(key, event.name) for key in HOSPITAL for event in domains[key].events}
    assert {event for event in wanted if per_event[event] < 3} == set()
    assert {case.domain.key for case in cases if not case.file.opinion} == set(HOSPITAL)


def test_every_label_is_a_finding_of_todays_rules(cases: list[Case]) -> None:
    stale = []
    for case in cases:
        request = case.request()
        handler = load_handlers(case.domain, ["handlers"])[case.event.name]
        evaluation = case.file.avaliacao or handler.evaluate(request, RecordingRun())
        found = {item.codigo for item in evaluation.achados}
        stale += [f"{case.path}: {code}" for code in case.file.preserve if code not in found]
    assert stale == []


def test_a_patch_merges_removes_and_replaces() -> None:
    base = {"a": {"b": 1, "c": 2}, "d": [1, 2]}
    assert merged(base, {"a": {"b": None, "e": 3}, "d": [9]}) == {"a": {"c": 2, "e": 3}, "d": [9]}
    assert base == {"a": {"b": 1, "c": 2}, "d": [1, 2]}


@pytest.mark.parametrize(
    ("place", "text", "said"),
    [
        ("exames/hemograma", {"why": "x", "presrve": []}, "presrve"),
        ("exames/nenhum", {"why": "x"}, "no such domain and event"),
    ],
)
def test_a_broken_case_is_named(tmp_path: Path, domains: dict[str, Domain], place: str, text: dict, said: str) -> None:
    folder = tmp_path / place
    folder.mkdir(parents=True)
    (folder / "caso.json").write_text(json.dumps(text))
    with pytest.raises(CaseError, match=said):
        load_cases(domains, folder=tmp_path)
    with pytest.raises(CaseError, match="no case matches"):
        load_cases(domains, "nothing like it")
