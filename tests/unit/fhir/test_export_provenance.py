"""The evidence record of a run: who, with what, for whom, and whether AI had any part in it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from fhir.resources.R4B.provenance import Provenance

from shared.fhir.export import as_json
from shared.fhir.export_provenance import provenance
from shared.version import VERSION
from tests.unit.fhir.results import DECIDED, EVENTS, FINISHED, STATES, case_of


def record(name: str, state: str = "pendente", **kinds: Any) -> dict[str, Any]:
    raw = as_json(provenance(case_of(name, state, **kinds)))
    Provenance.model_validate_json(raw)
    found: dict[str, Any] = json.loads(raw)
    return found


def said(record: dict[str, Any]) -> str:
    return " ".join(ElementTree.fromstring(record["text"]["div"]).itertext())


def extensions(record: dict[str, Any]) -> dict[str, Any]:
    return {one["url"].rpartition(":")[2]: next(v for k, v in one.items() if k != "url") for one in record["extension"]}


def roles(record: dict[str, Any]) -> list[str]:
    return [agent["type"]["coding"][0]["code"] for agent in record["agent"]]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", EVENTS)
def test_every_run_has_a_valid_record(name: str, state: str) -> None:
    for kinds in ({"ai": True}, {"ai": False}, {"ai": False, "degraded": True}):
        found = record(name, state, **kinds)
        assert found["occurredDateTime"] == FINISHED.isoformat(timespec="milliseconds")
        assert found["recorded"] == (FINISHED if state == "pendente" else DECIDED).isoformat(timespec="milliseconds")
        assert extensions(found)["uso-de-ia"] is kinds["ai"]
        assert extensions(found)["revisao"] == state


def test_model_prompt_input_tables_tokens_and_risk_are_named() -> None:
    found = record("exames.hemograma")
    software, model = found["agent"]
    assert software["who"]["identifier"] == {"system": "urn:plantao:software", "value": VERSION}
    assert software["onBehalfOf"]["identifier"]["value"] == "1234567"
    assert model["who"]["identifier"] == {"system": "urn:plantao:modelo:offline", "value": "offline-deterministico"}
    whats = {e["what"]["identifier"]["system"]: e["what"]["identifier"]["value"] for e in found["entity"]}
    assert whats["urn:plantao:prompt"] == "a" * 64
    assert whats["urn:plantao:tabela:hemograma"] == case_of("exames.hemograma").tables["hemograma"]
    assert found["entity"][0]["extension"][0]["valueString"] == "b" * 64
    own = extensions(found)
    assert {one["url"]: one["valueInteger"] for one in own["tokens"]} == {"prompt": 1200, "completion": 300, "calls": 3}
    assert own["custo-microdolares"] == 42
    assert "CFM 2.454/2026" in own["classe-de-risco"]
    assert "Parecer redigido com IA" in said(found)
    assert "sem modelo de linguagem" in said(found)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("pendente", ["assembler", "author"]),
        ("aceito", ["assembler", "author", "verifier"]),
        ("editado", ["assembler", "author", "author"]),
        ("rejeitado", ["assembler", "author", "verifier"]),
    ],
)
def test_the_professional_has_the_role_of_the_decision(state: str, expected: list[str]) -> None:
    assert roles(record("exames.hemograma", state)) == expected


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ({"refused": True}, "o paciente recusou o uso de IA"),
        ({"degraded": True}, "model_unavailable"),
        ({}, "somente regras determinísticas"),
    ],
)
def test_a_result_without_ai_says_so_and_why(kinds: dict[str, bool], words: str) -> None:
    found = record("clinico.consulta", ai=False, **kinds)
    assert "Nenhum texto de IA neste resultado" in said(found)
    assert words in said(found)
    assert roles(found) == ["assembler"]
    assert not {"tokens", "classe-de-risco"} & extensions(found).keys()
    assert extensions(found)["recusa-de-ia-pelo-paciente"] is bool(kinds.get("refused"))
    systems = {e["what"]["identifier"]["system"] for e in found["entity"]}
    assert "urn:plantao:prompt" not in systems


def test_every_model_that_answered_is_an_author_and_a_stand_in_is_said() -> None:
    case = case_of("exames.hemograma")
    used = case.result["proveniencia"]
    other = {**used["modelos"][0], "provedor": "openai_compatible", "modelo": "qwen3", "implantacao": "casa"}
    several = {**used, "modelos": [other, *used["modelos"]], "contingencia": True}
    raw = as_json(provenance(replace(case, result={**case.result, "proveniencia": several})))
    Provenance.model_validate_json(raw)
    found = json.loads(raw)
    assert roles(found) == ["assembler", "author", "author"]
    assert "Outros modelos que participaram: qwen3 (openai_compatible)." in said(found)
    assert "outro da lista respondeu em seu lugar" in said(found)
