from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from handlers.exames.rules.hemograma.evaluation import avaliar
from tests.unit.exames.hemograms import codes, hemogram, line, with_values


def test_the_performing_laboratorys_range_comes_first() -> None:
    strict = hemogram(extra=[line("plaquetas", "250", ref_min="260", ref_max="400")])
    finding = next(f for f in avaliar(strict).achados if f.codigo == "plaquetopenia")
    assert finding.fonte == "Intervalo de referência do laboratório executor"
    loose = hemogram(extra=[line("plaquetas", "480", ref_min="140", ref_max="500")])
    assert codes(avaliar(loose)) == set()
    one_sided = hemogram(extra=[line("plaquetas", "480", ref_min="140")])
    assert codes(avaliar(one_sided)) == {"trombocitose"}


def test_a_range_travels_through_the_same_unit_conversion() -> None:
    cells = line("plaquetas", "130000", unidade="/mm³", ref_min="120000", ref_max="400000")
    assert codes(avaliar(hemogram(extra=[cells]))) == set()


def test_children_are_held_against_childrens_ranges() -> None:
    toddler = {"hemoglobina": "11.2", "hematocrito": "33.6", "hemacias": "4.6", "leucocitos": "14"}
    assert with_values("2025-05-20", **toddler) == {"regra3_nao_aplicavel"}
    assert {"microcitose", "leucocitose"} <= with_values("1992-05-20", **toddler)


def test_a_range_nobody_has_is_missing_data_not_normality() -> None:
    child = avaliar(hemogram("2018-05-20"))
    assert {"resultados.plaquetas.ref_max", "resultados.leucocitos.ref_max"} <= set(child.dados_faltantes)
    newborn = avaliar(hemogram("2026-11-01"))
    assert any("menores de 6 meses" in words for words in newborn.nao_avaliado)
    pregnant = avaliar(hemogram(patient={"gestante": "sim", "idade_gestacional_sem": 20}))
    assert "resultados.hematocrito.ref_min" in pregnant.dados_faltantes
    assert avaliar(hemogram()).dados_faltantes == []


def test_missing_parameters_are_listed_and_nothing_is_imputed() -> None:
    evaluation = avaliar(hemogram(values={"hemacias": None, "linfocitos_pct": None, "segmentados_pct": None}))
    assert {"resultados.hemacias", "resultados.linfocitos_abs", "resultados.neutrofilos_abs"} <= set(
        evaluation.dados_faltantes
    )
    assert not {"vcm", "hcm", "rnl", "rpl", "sii", "soma", "neutrofilos_abs"} & set(evaluation.calculos)
    assert evaluation.calculos["chcm"] == Decimal("33.33")


@pytest.mark.parametrize(
    ("count", "grade"),
    [("1.5", None), ("1.49", "leve"), ("1.0", "leve"), ("0.99", "moderada"), ("0.5", "moderada"), ("0.49", "grave")],
)
def test_neutropenia_grades(count: str, grade: str | None) -> None:
    found = {c for c in with_values(neutrofilos_abs=count) if c.startswith("neutropenia")}
    assert found == ({f"neutropenia_{grade}"} if grade else set())


def test_a_young_infants_normal_count_is_no_mild_neutropenia() -> None:
    assert not {c for c in with_values("2026-08-20", neutrofilos_abs="1.2") if c.startswith("neutropenia")}
    assert "neutropenia_moderada" in with_values("2026-08-20", neutrofilos_abs="0.9")


@pytest.mark.parametrize(
    ("bands", "meta", "myelo", "code"),
    [
        ("10", "0", "0", None),
        ("10.1", "0", "0", "desvio_esquerda"),
        ("7", "3", "1", "desvio_esquerda_escalonado"),
        ("3", "7", "1", "desvio_esquerda_nao_escalonado"),
    ],
)
def test_left_shift(bands: str, meta: str, myelo: str, code: str | None) -> None:
    rest = Decimal(60) - Decimal(bands) - Decimal(meta) - Decimal(myelo)
    found = with_values(segmentados_pct=str(rest), bastonetes_pct=bands, metamielocitos_pct=meta, mielocitos_pct=myelo)
    assert {c for c in found if c.startswith("desvio")} == ({code} if code else set())


def test_leukocytes_are_corrected_for_erythroblasts_unless_the_analyser_did() -> None:
    values = {"leucocitos": "11.5", "eritroblastos_100leuco": "25"}
    unknown = avaliar(hemogram(values=values))
    assert unknown.calculos["leuco_corrigido"] == Decimal("9.200")
    assert "leucocitos_ja_corrigidos" in unknown.dados_faltantes
    assert "leucocitose" in codes(unknown)
    raw = avaliar(hemogram(values=values, leucocitos_ja_corrigidos=False))
    assert "leucocitose" not in codes(raw)
    assert raw.calculos["neutrofilos_abs"] == Decimal("5.520")
    done = avaliar(hemogram(values=values, leucocitos_ja_corrigidos=True))
    assert "leuco_corrigido" not in done.calculos
    few = avaliar(hemogram(values={**values, "eritroblastos_100leuco": "4.9"}))
    assert "leuco_corrigido" not in few.calculos


def test_a_correction_that_makes_the_count_critical_alerts() -> None:
    values = {"leucocitos": "2.2", "eritroblastos_100leuco": "25"}
    assert "critico_leucocitos" in with_values(**values)


def test_mentzer_at_exactly_13_decides_nothing() -> None:
    found = with_values(hemacias="5.0", hematocrito="32.5", hemoglobina="10.5")
    assert {c for c in found if c.startswith("mentzer")} == {"mentzer_indeterminado"}


@pytest.mark.parametrize(
    ("birth", "patient"),
    [("2026-11-19", {}), ("2016-05-20", {}), ("1992-05-20", {"gestante": "sim", "idade_gestacional_sem": 30})],
)
def test_low_platelets_are_said_of_children_and_in_pregnancy(birth: str, patient: dict[str, Any]) -> None:
    assert "plaquetopenia" in with_values(birth, patient=patient, plaquetas="25")


def test_every_low_platelet_count_asks_to_exclude_clumping() -> None:
    assert with_values(plaquetas="100") == {"plaquetopenia", "excluir_pseudotrombocitopenia"}
    assert with_values(plaquetas="20") == {"critico_plaquetas", "excluir_pseudotrombocitopenia"}


def test_the_variation_since_the_previous_hemogram() -> None:
    previous = {"coleta_em": "2026-11-10T08:00:00-03:00", "resultados": [line("hemoglobina", "154", unidade="g/L")]}
    evaluation = avaliar(hemogram(anterior=previous))
    assert evaluation.calculos["variacao_hemoglobina"] == Decimal("-2.000")


def test_nothing_that_identifies_the_patient_leaves() -> None:
    text = avaliar(hemogram(values={"plaquetas": "12"})).model_dump_json()
    for secret in ("52998224725", "Inventada", "000123", "1992-05-20"):
        assert secret not in text
