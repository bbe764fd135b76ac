"""What holds for every patient: no score falls when a sign worsens; a missing input never looks like a normal one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.clinico.rules.charlson import grupos_de, pontos_de_idade
from handlers.clinico.rules.consulta import avaliar
from handlers.clinico.rules.lace import calcular, risco_de
from handlers.clinico.rules.news2 import pontuar
from handlers.clinico.rules.qsofa import criterios
from handlers.clinico.tables import CHARLSON
from tests.unit.clinico.encounters import encounter, signs

FEW = settings(max_examples=80, deadline=None)
SIGNS = st.fixed_dictionaries(
    {
        "fr_irpm": st.integers(0, 90),
        "spo2_pct": st.integers(20, 100),
        "o2_suplementar": st.booleans(),
        "escala_spo2": st.sampled_from([1, 2]),
        "pas_mmhg": st.integers(30, 320),
        "fc_bpm": st.integers(0, 320),
        "temperatura_c": st.decimals("22", "45", places=2),
        "consciencia": st.sampled_from("ACVPU"),
    }
)
CODES = st.lists(
    st.sampled_from([p for group in CHARLSON.current().grupos.values() for p in group.prefixos]), max_size=8
)


@FEW
@given(SIGNS)
def test_news2_is_between_0_and_20_and_its_risk_follows_from_it(values: dict[str, Any]) -> None:
    found = pontuar(signs(**values))
    assert 0 <= found.soma <= 20 and found.faltam == []
    assert (found.risco == "alto") is (found.soma >= 7)
    assert (found.risco == "medio") is (5 <= found.soma <= 6)
    assert (found.risco == "baixo_medio") is (found.soma < 5 and bool(found.extremos))


@FEW
@given(SIGNS, st.sampled_from(["fr_irpm", "pas_mmhg", "fc_bpm", "spo2_pct"]), st.integers(1, 40))
def test_news2_never_falls_as_a_sign_moves_on_from_its_normal_band(values: dict[str, Any], field: str, by: int) -> None:
    values = values | {"escala_spo2": 1}
    low, high = {"fr_irpm": (12, 20), "pas_mmhg": (111, 219), "fc_bpm": (51, 90), "spo2_pct": (96, 100)}[field]
    worse = values[field] - by if values[field] <= low else values[field] + by
    within = {"fr_irpm": (0, 90), "pas_mmhg": (30, 320), "fc_bpm": (0, 320), "spo2_pct": (20, 100)}[field]
    if (values[field] <= low or values[field] >= high) and within[0] <= worse <= within[1]:
        assert pontuar(signs(**values | {field: worse})).soma >= pontuar(signs(**values)).soma


@FEW
@given(SIGNS, st.sampled_from(["fr_irpm", "spo2_pct", "o2_suplementar", "pas_mmhg", "fc_bpm", "consciencia"]))
def test_what_is_missing_only_lowers_the_bound_and_is_never_a_score(values: dict[str, Any], field: str) -> None:
    whole, part = pontuar(signs(**values)), pontuar(signs(**values | {field: None}))
    assert part.soma <= whole.soma
    assert part.faltam == [f"sinais_vitais.{field}"]
    without = {key: value for key, value in values.items() if key != field}
    assert avaliar(encounter(sinais_vitais=without)).calculos["news2"] == "nao_calculavel"


@FEW
@given(st.integers(0, 90), st.integers(30, 320), st.integers(3, 15))
def test_qsofa_counts_exactly_its_three_cut_offs(rate: int, systolic: int, glasgow: int) -> None:
    found = criterios(signs(fr_irpm=rate, pas_mmhg=systolic, glasgow=glasgow, consciencia="A"))
    assert found == {"fr_irpm": rate >= 22, "pas_mmhg": systolic <= 100, "consciencia": glasgow < 15}


@FEW
@given(CODES, CODES)
def test_charlson_groups_know_no_order_no_repetition_and_no_mild_form_beside_the_severe(
    some: list[str], more: list[str]
) -> None:
    found = set(grupos_de(some + more))
    assert found == set(grupos_de([*more, *some, *some]))
    for severe, mild in CHARLSON.current().hierarquias:
        assert not {severe, mild} <= found
    weights = CHARLSON.current().grupos
    assert sum(weights[g].peso for g in found) >= sum(weights[g].peso for g in grupos_de(some))


@FEW
@given(st.integers(0, 129))
def test_charlson_age_points_never_fall_and_end_at_four(age: int) -> None:
    assert 0 <= pontos_de_idade(age) <= pontos_de_idade(age + 1) <= 4


@FEW
@given(st.integers(0, 400), st.booleans(), st.integers(0, 40), st.integers(0, 60))
def test_lace_is_between_0_and_19_and_never_falls(days: int, acute: bool, weights: int, visits: int) -> None:
    lace = calcular(days, acute, weights, visits)
    assert 0 <= lace.soma <= 19
    assert (risco_de(lace.soma) == "alto") is (lace.soma >= 10)
    for more in (
        calcular(days + 1, acute, weights, visits),
        calcular(days, True, weights, visits),
        calcular(days, acute, weights + 1, visits),
        calcular(days, acute, weights, visits + 1),
    ):
        assert more.soma >= lace.soma
    part = calcular(days, None, weights, visits)
    assert not part.completo and part.soma <= lace.soma


@FEW
@given(st.decimals("34.9", "39.2", places=3))
def test_temperature_bands_leave_no_gap(value: Decimal) -> None:
    expected = 3 if value <= 35 else 1 if value <= 36 else 0 if value <= 38 else 1 if value <= 39 else 2
    assert pontuar(signs(temperatura_c=value)).pontos["temperatura_c"] == expected
