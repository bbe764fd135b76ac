"""qSOFA: worked cases, thresholds, altered consciousness by either scale, missing fields."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.clinico.rules.consulta import avaliar
from handlers.clinico.rules.qsofa import criterios
from tests.unit.clinico.encounters import CASES, NORMAL, encounter, severities, signs


@pytest.mark.parametrize("case", CASES["qsofa"])
def test_worked_case(case: dict[str, int]) -> None:
    vital = NORMAL | {"fr_irpm": case["fr"], "pas_mmhg": case["pas"], "glasgow": case["gcs"]}
    avaliacao = avaliar(encounter(sinais_vitais=vital))
    assert avaliacao.calculos["qsofa"] == case["q"]
    assert avaliacao.calculos["qsofa_positivo"] is (case["q"] >= 2)
    assert severities(avaliacao).get("qsofa_positivo") == ("atencao" if case["q"] >= 2 else None)


@pytest.mark.parametrize(
    ("field", "value", "criterion", "met"),
    [
        ("fr_irpm", 21, "fr_irpm", False),
        ("fr_irpm", 22, "fr_irpm", True),
        ("pas_mmhg", 101, "pas_mmhg", False),
        ("pas_mmhg", 100, "pas_mmhg", True),
        ("glasgow", 15, "consciencia", False),
        ("glasgow", 14, "consciencia", True),
        ("consciencia", "C", "consciencia", True),
    ],
)
def test_threshold(field: str, value: Any, criterion: str, met: bool) -> None:
    assert criterios(signs(**{field: value}))[criterion] is met


@pytest.mark.parametrize(
    ("glasgow", "acvpu", "altered"),
    [(None, None, None), (None, "A", False), (None, "U", True), (15, None, False), (14, None, True), (14, "A", True)],
)
def test_consciousness_by_the_scale_that_is_given(glasgow: int | None, acvpu: str | None, altered: bool | None) -> None:
    assert criterios(signs(glasgow=glasgow, consciencia=acvpu))["consciencia"] is altered


def test_missing_criterion_is_not_calculable() -> None:
    avaliacao = avaliar(encounter(sinais_vitais={k: v for k, v in NORMAL.items() if k != "pas_mmhg"}))
    assert avaliacao.calculos["qsofa"] == "nao_calculavel"
    assert "qsofa_positivo" not in avaliacao.calculos
    assert avaliacao.dados_faltantes.count("sinais_vitais.pas_mmhg") == 1


def test_two_known_criteria_decide_without_the_third() -> None:
    avaliacao = avaliar(encounter(sinais_vitais={"fr_irpm": 24, "pas_mmhg": 90}))
    assert avaliacao.calculos["qsofa"] == "nao_calculavel"
    assert avaliacao.calculos["qsofa_positivo"] is True
    assert severities(avaliacao)["qsofa_positivo"] == "atencao"


@pytest.mark.parametrize(("birth", "applies"), [("2008-11-18", True), ("2008-11-19", False)])
def test_applies_to_adults(birth: str, applies: bool) -> None:
    avaliacao = avaliar(encounter({"data_nascimento": birth}))
    assert (avaliacao.calculos["qsofa"] != "nao_calculavel") is applies
