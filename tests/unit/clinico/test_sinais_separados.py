"""A vital sign that cannot be right costs itself, not the encounter, and hides no alert."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.clinico.examples import CONSULTA
from handlers.clinico.requests import Consulta, SinaisVitais
from handlers.clinico.rules.consulta import avaliar
from handlers.clinico.rules.sinais_separados import CODE, separar
from shared.findings import Avaliacao

BOUNDS = {
    "fr_irpm": (0, 90),
    "spo2_pct": (20, 100),
    "pas_mmhg": (30, 320),
    "pad_mmhg": (10, 220),
    "fc_bpm": (0, 320),
    "temperatura_c": (22, 45),
    "glasgow": (3, 15),
}
WHOLE: dict[str, Any] = {
    "fr_irpm": 28,
    "spo2_pct": 90,
    "escala_spo2": 1,
    "o2_suplementar": True,
    "pas_mmhg": 85,
    "pad_mmhg": 50,
    "fc_bpm": 135,
    "temperatura_c": "39.4",
    "consciencia": "A",
}


def judged(**signs: Any) -> Avaliacao:
    return avaliar(Consulta.model_validate(CONSULTA | {"sinais_vitais": signs}))


def critical(evaluation: Avaliacao) -> set[str]:
    return {found.codigo for found in evaluation.criticos}


@pytest.mark.parametrize("field", BOUNDS)
def test_bounds_are_included_and_what_is_beyond_is_set_aside_by_name(field: str) -> None:
    low, high = BOUNDS[field]
    for good in (low, high):
        saida = Avaliacao()
        assert getattr(separar(SinaisVitais.model_validate({field: good}), saida), field) == good
        assert not saida.achados
    for bad in (low - 1, high + 1):
        saida = Avaliacao()
        assert getattr(separar(SinaisVitais.model_validate({field: bad}), saida), field) is None
        (found,) = saida.achados
        assert (found.codigo, found.evidencia["sinal"], found.evidencia["valor"]) == (CODE, field, bad)


def test_the_others_still_alert_and_the_score_says_what_is_missing() -> None:
    evaluation = judged(**WHOLE | {"temperatura_c": "394"})
    assert "news2_alto_parcial" in critical(evaluation)
    assert evaluation.calculos["news2"] == "nao_calculavel"
    assert "sinais_vitais.temperatura_c" in evaluation.dados_faltantes
    assert evaluation.versoes_tabelas["sinais"].startswith("sinais-")


def test_a_count_is_written_without_decimals() -> None:
    found = judged(glasgow=2, pas_mmhg=120, pad_mmhg=130).achados
    assert any(finding.descricao.startswith("Glasgow de 2 pontos:") for finding in found)
    assert any(finding.descricao.startswith("Pressão de 120 por 130 mmHg:") for finding in found)


def test_a_glasgow_between_two_points_is_no_glasgow() -> None:
    saida = Avaliacao()
    assert separar(SinaisVitais.model_validate({"glasgow": "14.5"}), saida).glasgow is None
    (found,) = saida.achados
    assert found.descricao.startswith("Glasgow de 14,5 pontos: valor implausível, aceito de 3 a 15.")


@pytest.mark.parametrize(
    ("field", "value", "points"),
    [("fc_bpm", "130.5", 3), ("fc_bpm", "72.5", 0), ("fr_irpm", "24.5", 3), ("spo2_pct", "91.0", 3)],
)
def test_a_fraction_belongs_to_the_band_after_the_limit(field: str, value: str, points: int) -> None:
    assert judged(**WHOLE | {field: value}).calculos[f"news2_pontos_{field}"] == points


def test_a_contradictory_pressure_is_named_and_the_systolic_still_counts() -> None:
    evaluation = judged(**WHOLE | {"pas_mmhg": 80, "pad_mmhg": 80})
    assert "pressao_contraditoria" in {found.codigo for found in evaluation.achados}
    assert evaluation.calculos["news2_pontos_pas_mmhg"] == 3
    assert "news2_alto" in critical(evaluation)


@given(field=st.sampled_from(sorted(BOUNDS)), over=st.integers(1, 500))
def test_no_bad_sign_takes_points_from_the_others(field: str, over: int) -> None:
    before = judged(**WHOLE).calculos
    after = judged(**WHOLE | {field: BOUNDS[field][1] + over}).calculos
    points = {name: value for name, value in before.items() if name.startswith("news2_pontos_")}
    assert {name: after.get(name) for name in points if not name.endswith(field)} == {
        name: value for name, value in points.items() if not name.endswith(field)
    }
