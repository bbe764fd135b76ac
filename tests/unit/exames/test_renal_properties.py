"""CKD-EPI 2021, Schwartz and the contrast cut-offs: what holds for every patient, and both sides of each bound."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.exames.rules.imagem import avaliar
from handlers.exames.rules.imaging.contrast import contrast
from handlers.exames.rules.imaging.renal import Filtracao, ckd_epi_2021, schwartz
from handlers.exames.tables import IMAGEM
from tests.unit.exames.test_imagem import order

FEW = settings(max_examples=80, deadline=None)
CREATININE = st.decimals("0.2", "20", places=2)


def found(egfr: str | None, **changes: Any) -> set[str]:
    """Codes of the contrast findings at exactly this eGFR."""
    value = None if egfr is None else Decimal(egfr)
    request = order(**{"ira_aguda": False, "dialise": False, "metformina": False} | changes)
    return {draft.codigo for draft in contrast(request, Filtracao(value, "x", ()), IMAGEM.current())}


@FEW
@given(CREATININE, CREATININE, st.integers(18, 100), st.sampled_from("FM"))
def test_more_creatinine_never_means_more_filtration(one: Decimal, other: Decimal, age: int, sex: Any) -> None:
    low, high = sorted((one, other))
    assert ckd_epi_2021(high, age, sex) <= ckd_epi_2021(low, age, sex)
    assert ckd_epi_2021(low, age + 1, sex) < ckd_epi_2021(low, age, sex)


@FEW
@given(CREATININE, st.integers(18, 100), st.sampled_from("FM"))
def test_decimal_agrees_with_the_formula_in_floating_point(creatinine: Decimal, age: int, sex: str) -> None:
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "F" else (0.9, -0.302, 1.0)
    ratio = float(creatinine) / kappa
    expected = 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**age * factor
    assert float(ckd_epi_2021(creatinine, age, sex)) == pytest.approx(expected, rel=1e-9)


@FEW
@given(st.decimals("0.2", "5", places=2), st.integers(40, 190))
def test_schwartz_is_proportional(creatinine: Decimal, height: int) -> None:
    assert schwartz(creatinine, Decimal(height)) * creatinine == pytest.approx(Decimal("0.413") * height)


@pytest.mark.parametrize(
    ("egfr", "code"),
    [
        ("29.99", "profilaxia_contraste_iodado"),
        ("30", "individualizar_contraste_iodado"),
        ("44.99", "individualizar_contraste_iodado"),
        ("45", None),
    ],
)
def test_iodinated_cut_offs(egfr: str, code: str | None) -> None:
    assert found(egfr) == ({code} if code else set())


@pytest.mark.parametrize(("egfr", "code"), [("29.99", "metformina_suspender"), ("30", "metformina_manter")])
def test_metformin_cut_off(egfr: str, code: str) -> None:
    assert code in found(egfr, metformina=True)


@pytest.mark.parametrize(
    ("group", "egfr", "code"),
    [
        ("gadolinio_g1", "29.99", "gadolinio_g1_contraindicado"),
        ("gadolinio_g2", "29.99", "gadolinio_g2_permitido"),
        ("gadolinio_g3", "29.99", "gadolinio_g3_ponderar"),
        ("gadolinio_g1", "30", None),
        ("gadolinio_g1", None, "gadolinio_g1_sem_funcao_renal"),
        ("gadolinio_g2", None, None),
    ],
)
def test_gadolinium_cut_off(group: str, egfr: str | None, code: str | None) -> None:
    assert found(egfr, tipo_exame="rm", contraste=group) == ({code} if code else set())


@pytest.mark.parametrize("known", [{"ira_aguda": True}, {"dialise": True}])
def test_group_1_is_contraindicated_without_an_egfr_too(known: dict[str, bool]) -> None:
    assert found(None, tipo_exame="rm", contraste="gadolinio_g1", **known) == {"gadolinio_g1_contraindicado"}


@pytest.mark.parametrize(
    ("taken", "old"),
    [("2026-10-21T09:00:00-03:00", False), ("2026-10-20T09:00:00-03:00", True), ("2026-11-21T09:00:00-03:00", False)],
)
def test_an_old_creatinine_is_said(taken: str, old: bool) -> None:
    evaluation = avaliar(order(creatinina_em=taken, solicitado_em="2026-11-20T09:00:00-03:00"))
    assert ("creatinina_antiga" in {one.codigo for one in evaluation.achados}) is old
    assert "tfg_ml_min_1_73m2" in evaluation.calculos


def test_without_both_dates_the_age_of_the_creatinine_is_not_evaluated() -> None:
    assert any("Validade da creatinina" in line for line in avaliar(order(solicitado_em=None)).nao_avaliado)


def test_gadolinium_in_pregnancy_goes_to_a_person() -> None:
    evaluation = avaliar(order({"gestante": "sim"}, tipo_exame="rm", contraste="gadolinio_g2"))
    (finding,) = [one for one in evaluation.achados if one.codigo == "gestante_gadolinio_revisao_humana"]
    assert "não é uma recusa" in finding.descricao
