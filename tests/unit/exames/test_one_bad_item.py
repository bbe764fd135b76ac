"""One line that cannot be interpreted is named and set aside; the others are evaluated as if it had not been sent."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.exames.rules.hemograma.evaluation import avaliar
from handlers.exames.tables import HEMOGRAMA
from handlers.exames.tables.hemograma import TabelaHemograma
from shared.findings import Achado, Avaliacao, Gravidade
from tests.unit.exames.hemograms import NORMAL, codes, hemogram, line

ASIDE = "resultado_nao_interpretado"


def evaluated(*lines: dict[str, Any], **more: Any) -> Avaliacao:
    """A normal hemogram in which `lines` stand in the place of those of the same parameters."""
    return avaliar(hemogram(extra=list(lines), **more))


def set_aside(evaluation: Avaliacao) -> list[Achado]:
    return [finding for finding in evaluation.achados if finding.codigo == ASIDE]


@pytest.mark.parametrize(
    ("bad", "motive", "said"),
    [
        (line("hemoglobina", "13.4", unidade="g/mL"), "unidade_desconhecida", "13,4 g/mL"),
        (line("hemoglobina", "13.4", unidade="Maria Silva"), "unidade_desconhecida", "(13,4)"),
        ({"parametro": "hemoglobina", "valor": "13.4"}, "unidade_desconhecida", "(13,4)"),
        (line("hemoglobina", "134"), "valor_implausivel", "134 g/dL"),
        (line("hemoglobina", "-1"), "valor_implausivel", "-1 g/dL"),
        (line("hemoglobina", "hemolisado"), "nao_numerico", "número exato."),
        (line("hemoglobina", None, valor_texto="ver laudo"), "nao_numerico", "número exato."),
        (line("hemoglobina", "<13"), "nao_numerico", "< 13 g/dL"),
    ],
)
def test_it_is_named_with_its_motive_and_counts_as_absent(bad: dict[str, Any], motive: str, said: str) -> None:
    evaluation = evaluated(bad)
    (finding,) = set_aside(evaluation)
    assert (finding.evidencia["parametro"], finding.evidencia["motivo"]) == ("hemoglobina", motive)
    assert finding.gravidade is Gravidade.ATENCAO and finding.fonte and finding.versao_regra
    assert said in finding.descricao
    assert "conferir já no laudo de origem" in finding.descricao, "hemoglobin has critical values"
    assert "resultados.hemoglobina" in evaluation.dados_faltantes
    assert not {"hcm", "chcm", "regra3"} & set(evaluation.calculos)
    assert "Silva" not in evaluation.model_dump_json() and "hemolisado" not in evaluation.model_dump_json()


def test_thousands_or_a_decimal_point_is_nothing_to_guess() -> None:
    evaluation = evaluated(line("leucocitos", "45.000", unidade="/mm³"))
    (finding,) = set_aside(evaluation)
    assert (finding.evidencia["parametro"], finding.evidencia["motivo"]) == ("leucocitos", "valor_implausivel")
    assert "critico_leucocitos" not in codes(evaluation)


@pytest.mark.parametrize("bad", [line("hemoglobina", "10.2", unidade="g/mL"), line("vpm", "x"), line("rdw_cv", ">5")])
def test_the_critical_platelets_of_the_next_line_alert(bad: dict[str, Any]) -> None:
    evaluation = evaluated(bad, line("plaquetas", "12"))
    assert [finding.codigo for finding in evaluation.criticos] == ["critico_plaquetas"]
    assert ASIDE in codes(evaluation)


def test_a_document_number_in_the_place_of_a_value_is_not_repeated() -> None:
    assert "52998224725" not in evaluated(line("vpm", "52998224725")).model_dump_json()


def test_nothing_interpretable_is_still_an_answer() -> None:
    names = [name for name, value in NORMAL.items() if value]
    evaluation = evaluated(*(line(name, "ver anexo") for name in names))
    assert codes(evaluation) == {ASIDE}
    assert len(set_aside(evaluation)) == len(names)
    assert evaluation.calculos == {}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("<5", {"critico_plaquetas", "excluir_pseudotrombocitopenia"}),
        ("<20", {"critico_plaquetas", "excluir_pseudotrombocitopenia"}),
        ("<=20", {"critico_plaquetas", "excluir_pseudotrombocitopenia"}),
        ("<21", {"plaquetopenia", "excluir_pseudotrombocitopenia"}),
        ("<150", {"plaquetopenia", "excluir_pseudotrombocitopenia"}),
        ("<=150", {ASIDE}),
        ("<400", {ASIDE}),
        (">5", {ASIDE}),
        (">450", {"trombocitose"}),
        (">=450", {ASIDE}),
        (">=1000", {"critico_plaquetas"}),
        (">999", {"trombocitose"}),
    ],
)
def test_a_bound_decides_what_holds_for_every_value_beyond_it(written: str, found: set[str]) -> None:
    evaluation = evaluated(line("plaquetas", written))
    assert codes(evaluation) == found
    assert "resultados.plaquetas" in evaluation.dados_faltantes
    assert not {"rpl", "sii"} & set(evaluation.calculos), "a bound is never computed with"


def test_a_critical_bound_says_that_it_is_one() -> None:
    (critical,) = evaluated(line("plaquetas", "<5000", unidade="/mm³")).criticos
    assert "plaquetas abaixo de 5 mil/mm³ (limite ≤ 20 mil/mm³)" in critical.descricao
    assert critical.evidencia["comparador"] == "<"
    assert ASIDE in codes(evaluated(line("plaquetas", "<5", unidade="/mm³"))), "implausible in its unit"


@pytest.mark.parametrize(("written", "critical"), [("<0.5", True), ("<=0.5", False), ("<0.51", False)])
def test_an_exclusive_limit_and_a_bound(written: str, critical: bool) -> None:
    """Neutrophils are critical below 0.5, not at 0.5."""
    percentages = {"segmentados_pct": None, "bastonetes_pct": None}
    evaluation = avaliar(hemogram(values=percentages, extra=[line("neutrofilos_abs", written)]))
    assert ("critico_neutrofilos" in codes(evaluation)) is critical


def test_the_laboratorys_range_stands_beside_a_bound_too() -> None:
    own = evaluated(line("plaquetas", "<160", ref_min="170", ref_max="400"))
    finding = next(f for f in own.achados if f.codigo == "plaquetopenia")
    assert finding.fonte == "Intervalo de referência do laboratório executor"


def test_an_inconsistent_sample_names_its_bounds_instead_of_reading_them() -> None:
    evaluation = evaluated(line("vcm", "60"), line("plaquetas", "<100"))
    assert codes(evaluation) == {"inconsistencia_vcm", "amostra_inconsistente", ASIDE}
    alerted = evaluated(line("vcm", "60"), line("plaquetas", "<10"))
    assert "amostra inconsistente" in alerted.criticos[0].descricao


def both(first: dict[str, Any], second: dict[str, Any]) -> Avaliacao:
    return evaluated(first, second)


@pytest.mark.parametrize(
    "again",
    [
        line("plaquetas", "12"),
        line("plaquetas", "12000", unidade="/mm³"),
        line("plaquetas", "<20"),
        line("plaquetas", "20", comparador="<="),
    ],
)
def test_the_same_result_twice_is_one(again: dict[str, Any]) -> None:
    evaluation = both(line("plaquetas", "12"), again)
    assert codes(evaluation) == {"critico_plaquetas", "excluir_pseudotrombocitopenia"}
    assert evaluation.dados_faltantes == []
    assert "confirmar" not in evaluation.criticos[0].descricao


@pytest.mark.parametrize("other", [line("plaquetas", "250"), line("plaquetas", ">100")])
def test_contradictory_results_are_both_set_aside_and_neither_can_hide_a_critical_one(other: dict[str, Any]) -> None:
    for evaluation in (both(line("plaquetas", "12"), other), both(other, line("plaquetas", "12"))):
        assert codes(evaluation) == {"critico_plaquetas", ASIDE}
        (finding,) = set_aside(evaluation)
        assert finding.evidencia["motivo"] == "repetido_divergente"
        assert evaluation.criticos[0].evidencia["resultado_repetido_divergente"] is True
        assert "Há outro resultado" in evaluation.criticos[0].descricao
        assert "rpl" not in evaluation.calculos


def test_a_contradiction_reaches_the_critical_values_that_are_computed_from_it() -> None:
    """6 % of 6.8 leukocytes are 0.41 neutrophils; of 12 they are 0.72."""
    few = {"segmentados_pct": "5", "bastonetes_pct": "1", "linfocitos_pct": "84"}
    repeated = [line("leucocitos", "6.8"), line("leucocitos", "12")]
    evaluation = avaliar(hemogram(values=few, extra=repeated))
    assert [finding.codigo for finding in evaluation.criticos] == ["critico_neutrofilos"]
    assert "neutrofilos_abs" not in evaluation.calculos


def test_a_second_line_in_words_does_not_cost_the_number() -> None:
    evaluation = both(line("plaquetas", "12"), line("plaquetas", "confirmado em lâmina"))
    assert "critico_plaquetas" in codes(evaluation) and "rpl" in evaluation.calculos
    assert "Vale o outro resultado" in set_aside(evaluation)[0].descricao
    assert evaluation.dados_faltantes == []


def test_what_was_set_aside_is_not_zero() -> None:
    """Without its bands the neutrophils would be understated, the sum would accuse the sample, a shift go unseen."""
    evaluation = evaluated(line("bastonetes_pct", "raros"))
    assert not {"soma", "neutrofilos_abs", "rnl"} & set(evaluation.calculos)
    assert codes(evaluation) == {ASIDE}
    assert {"resultados.bastonetes_pct", "resultados.neutrofilos_abs"} <= set(evaluation.dados_faltantes)


@pytest.mark.parametrize("bounds", [{"ref_min": "450", "ref_max": "150"}, {"ref_min": "-5", "ref_max": "450"}])
def test_a_range_that_contradicts_itself_costs_the_range_and_not_the_value(bounds: dict[str, str]) -> None:
    evaluation = evaluated(line("plaquetas", "100", **bounds))
    assert {"referencia_nao_interpretada", "plaquetopenia"} <= codes(evaluation)
    finding = next(f for f in evaluation.achados if f.codigo == "plaquetopenia")
    assert finding.evidencia["limite"] == 150, "the table's"


@pytest.mark.parametrize(
    ("value", "unit", "bounds"),
    [("100000", "/mm³", ("150", "450")), ("100", "mil/mm³", ("150000", "450000"))],
)
def test_a_range_in_another_unit_than_its_result_is_not_used(value: str, unit: str, bounds: tuple[str, str]) -> None:
    """Held against 0.45 thousand, 100 thousand platelets would be too many."""
    evaluation = evaluated(line("plaquetas", value, unidade=unit, ref_min=bounds[0], ref_max=bounds[1]))
    assert {"referencia_nao_interpretada", "plaquetopenia"} <= codes(evaluation)
    assert "trombocitose" not in codes(evaluation)


def test_a_range_may_begin_at_zero() -> None:
    evaluation = evaluated(line("rdw_cv", "16", unidade="%", ref_min="0", ref_max="14.5"))
    assert "rdw_alto" in codes(evaluation) and "referencia_nao_interpretada" not in codes(evaluation)


def test_a_bad_previous_result_is_not_compared_and_makes_no_noise() -> None:
    former = [line("hemoglobina", "18", unidade="g/mL"), line("plaquetas", "500"), line("leucocitos", "<2")]
    evaluation = evaluated(anterior={"coleta_em": "2026-11-17T08:00:00-03:00", "resultados": former})
    assert codes(evaluation) == {"queda_plaquetas"}
    assert set(evaluation.calculos) >= {"variacao_plaquetas"}
    assert not {"variacao_hemoglobina", "variacao_leucocitos"} & set(evaluation.calculos)
    assert any("Hemoglobina, Leucócitos" in words for words in evaluation.nao_avaliado)


def test_the_hospitals_own_limits_judge_a_bound_too() -> None:
    raw = HEMOGRAMA.current().model_dump()
    raw["criticos"]["plaquetas"] = {"alto_ge": "600"}
    table = TabelaHemograma.model_validate(raw)
    assert "critico_plaquetas" not in codes(avaliar(hemogram(extra=[line("plaquetas", "<5")]), table))
    assert "critico_plaquetas" in codes(avaliar(hemogram(extra=[line("plaquetas", ">600")]), table))
