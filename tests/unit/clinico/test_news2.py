"""NEWS2: the worked cases, both sides of every threshold, and what happens when something is missing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from handlers.clinico.rules.consulta import avaliar
from handlers.clinico.rules.news2 import pontuar
from tests.unit.clinico.encounters import CASES, NORMAL, encounter, severities, signs

_NAMES = {"fr": "fr_irpm", "spo2": "spo2_pct", "o2": "o2_suplementar", "pas": "pas_mmhg", "fc": "fc_bpm"}
_NAMES |= {"cons": "consciencia", "consciencia": "consciencia", "temp": "temperatura_c", "escala": "escala_spo2"}


@pytest.mark.parametrize("case", CASES["news2"])
def test_worked_case(case: dict[str, Any]) -> None:
    pontuacao = pontuar(signs(**{_NAMES[key]: case[key] for key in _NAMES if key in case}))
    assert pontuacao.pontos == {_NAMES[key]: points for key, points in case["pontos"].items()}
    assert (pontuacao.soma, pontuacao.risco, pontuacao.faltam) == (case["total"], case["risco"], [])


@pytest.mark.parametrize(
    ("field", "value", "points"),
    [
        *[("fr_irpm", v, p) for v, p in ((8, 3), (9, 1), (11, 1), (12, 0), (20, 0), (21, 2), (24, 2), (25, 3))],
        *[
            ("pas_mmhg", v, p)
            for v, p in ((90, 3), (91, 2), (100, 2), (101, 1), (110, 1), (111, 0), (219, 0), (220, 3))
        ],
        *[("fc_bpm", v, p) for v, p in ((40, 3), (41, 1), (50, 1), (51, 0), (90, 0), (91, 1), (110, 1), (111, 2))],
        *[("fc_bpm", v, p) for v, p in ((130, 2), (131, 3))],
        *[("temperatura_c", v, p) for v, p in (("35.0", 3), ("35.05", 1), ("35.1", 1), ("36.0", 1), ("36.1", 0))],
        *[("temperatura_c", v, p) for v, p in (("38.0", 0), ("38.1", 1), ("39.0", 1), ("39.1", 2))],
        *[("spo2_pct", v, p) for v, p in ((91, 3), (92, 2), (93, 2), (94, 1), (95, 1), (96, 0))],
        *[("consciencia", v, p) for v, p in (("A", 0), ("C", 3), ("V", 3), ("P", 3), ("U", 3))],
        *[("o2_suplementar", v, p) for v, p in ((False, 0), (True, 2))],
    ],
)
def test_band(field: str, value: Any, points: int) -> None:
    assert pontuar(signs(**{field: value})).pontos[field] == points


@pytest.mark.parametrize(
    ("oxygen", "saturation", "points"),
    [
        *[
            (o2, v, p)
            for o2 in (False, True)
            for v, p in ((83, 3), (84, 2), (85, 2), (86, 1), (87, 1), (88, 0), (92, 0))
        ],
        *[(False, v, 0) for v in (93, 94, 95, 96, 97, 100)],
        *[(True, v, p) for v, p in ((93, 1), (94, 1), (95, 2), (96, 2), (97, 3), (100, 3))],
    ],
)
def test_saturation_on_scale_2(oxygen: bool, saturation: int, points: int) -> None:
    found = pontuar(signs(escala_spo2=2, o2_suplementar=oxygen, spo2_pct=saturation))
    assert found.pontos["spo2_pct"] == points


@pytest.mark.parametrize(
    ("changes", "total", "codes"),
    [
        ({}, 0, {"news2_baixo": "info"}),
        ({"fr_irpm": 24, "fc_bpm": 112}, 4, {"news2_baixo": "info"}),
        ({"consciencia": "V"}, 3, {"news2_baixo": "info", "news2_parametro_extremo": "atencao"}),
        ({"fr_irpm": 24, "fc_bpm": 112, "temperatura_c": "38.5"}, 5, {"news2_medio": "atencao"}),
        ({"fr_irpm": 24, "fc_bpm": 112, "pas_mmhg": 100}, 6, {"news2_medio": "atencao"}),
        ({"fr_irpm": 24, "fc_bpm": 112, "pas_mmhg": 100, "temperatura_c": "38.5"}, 7, {"news2_alto": "critico"}),
    ],
)
def test_severity_by_total(changes: dict[str, Any], total: int, codes: dict[str, str]) -> None:
    avaliacao = avaliar(encounter(sinais_vitais=NORMAL | changes))
    assert avaliacao.calculos["news2"] == total
    assert {c: g for c, g in severities(avaliacao).items() if c.startswith("news2")} == codes


@pytest.mark.parametrize("field", [f for f in NORMAL if f != "glasgow"])
def test_a_missing_parameter_is_listed_and_never_imputed(field: str) -> None:
    given = {k: v for k, v in NORMAL.items() if k != field}
    avaliacao = avaliar(encounter(sinais_vitais=given))
    assert avaliacao.calculos["news2"] == "nao_calculavel"
    assert "news2_risco" not in avaliacao.calculos
    assert f"sinais_vitais.{field}" in avaliacao.dados_faltantes


def test_without_vital_signs_every_parameter_is_missing() -> None:
    avaliacao = avaliar(encounter(sinais_vitais=None))
    missing = {f"sinais_vitais.{field}" for field in NORMAL}
    assert missing == {name for name in avaliacao.dados_faltantes if name.startswith("sinais_vitais")}
    assert avaliacao.calculos["news2_minimo"] == 0


def test_known_points_alone_can_raise_the_alert() -> None:
    given = {"fr_irpm": 30, "pas_mmhg": 85, "consciencia": "V"}
    avaliacao = avaliar(encounter(sinais_vitais=given))
    assert avaliacao.calculos["news2_minimo"] == 9
    assert severities(avaliacao)["news2_alto_parcial"] == "critico"


@pytest.mark.parametrize(
    ("scale", "oxygen", "saturation", "fewest"),
    [
        *[(None, False, v, p) for v, p in ((83, 3), (84, 2), (86, 1), (88, None), (98, None))],
        *[(None, True, v, p) for v, p in ((83, 3), (94, 1), (97, None))],
        *[(2, None, v, p) for v, p in ((83, 3), (85, 2), (87, 1), (90, None), (97, None))],
        (1, None, 91, 3),
    ],
)
def test_an_unknown_scale_or_oxygen_leaves_the_fewest_points_in_the_lower_bound(
    scale: int | None, oxygen: bool | None, saturation: int, fewest: int | None
) -> None:
    found = pontuar(signs(spo2_pct=saturation, escala_spo2=scale, o2_suplementar=oxygen))
    assert found.pontos.get("spo2_pct") == fewest
    assert found.faltam


def test_a_saturation_that_is_low_on_every_scale_is_not_silent() -> None:
    given = {k: v for k, v in NORMAL.items() if k != "escala_spo2"} | {"spo2_pct": 70}
    avaliacao = avaliar(encounter(sinais_vitais=given))
    assert avaliacao.calculos["news2"] == "nao_calculavel"
    assert severities(avaliacao)["news2_parametro_extremo"] == "atencao"


@pytest.mark.parametrize("patient", [{"data_nascimento": "2020-01-10"}, {"gestante": "sim"}])
def test_a_low_saturation_without_a_scale_is_said_where_the_score_does_not_apply(patient: dict[str, Any]) -> None:
    given = {k: v for k, v in NORMAL.items() if k != "escala_spo2"} | {"spo2_pct": 88}
    found = severities(avaliar(encounter({"data_nascimento": "1995-01-10"} | patient, sinais_vitais=given)))
    assert found["saturacao_baixa_sem_escala"] == "atencao"


@pytest.mark.parametrize(("saturation", "said"), [(83, False), (84, True), (91, True), (92, False)])
def test_a_saturation_that_only_scale_1_finds_extreme_is_said_with_its_condition(saturation: int, said: bool) -> None:
    given = {k: v for k, v in NORMAL.items() if k != "escala_spo2"} | {"spo2_pct": saturation}
    found = severities(avaliar(encounter(sinais_vitais=given)))
    assert ("saturacao_baixa_sem_escala" in found) is said
    assert ("news2_parametro_extremo" in found) is (saturation == 83)


@pytest.mark.parametrize(("glasgow", "points"), [(3, 3), (13, 3), (14, None), (15, None)])
def test_without_acvpu_a_low_glasgow_belongs_to_the_lower_bound(glasgow: int, points: int | None) -> None:
    found = pontuar(signs(consciencia=None, glasgow=glasgow))
    assert found.pontos.get("consciencia") == points
    assert found.faltam == ["sinais_vitais.consciencia"]


@pytest.mark.parametrize(("birth", "applies"), [("2010-11-18", True), ("2010-11-19", False)])
def test_applies_from_sixteen_years_on(birth: str, applies: bool) -> None:
    avaliacao = avaliar(encounter({"data_nascimento": birth}, sinais_vitais=NORMAL))
    assert (avaliacao.calculos["news2"] == 0) is applies
    assert (avaliacao.calculos["news2"] == "nao_calculavel") is not applies


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, False),
        ({"fr_irpm": 50, "fc_bpm": 170, "pas_mmhg": 60}, False),
        ({"spo2_pct": 92}, False),
        ({"spo2_pct": 91}, True),
        ({"consciencia": "U"}, True),
    ],
)
def test_what_no_age_excuses_is_said_of_a_child(changes: dict[str, Any], said: bool) -> None:
    avaliacao = avaliar(encounter({"data_nascimento": "2020-01-10"}, sinais_vitais=NORMAL | changes))
    assert ("sinais_extremos_crianca" in severities(avaliacao)) is said
    assert avaliacao.calculos["news2"] == "nao_calculavel"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fr_irpm": 24, "fc_bpm": 112}, False),
        ({"fr_irpm": 24, "fc_bpm": 112, "temperatura_c": "38.5"}, True),
        ({"fr_irpm": 25}, True),
    ],
)
def test_extreme_or_summed_signs_of_a_pregnant_woman_are_said(changes: dict[str, Any], said: bool) -> None:
    patient = {"data_nascimento": "1995-01-10", "gestante": "sim"}
    avaliacao = avaliar(encounter(patient, sinais_vitais=NORMAL | changes))
    assert ("sinais_extremos_gestante" in severities(avaliacao)) is said


@pytest.mark.parametrize(("rate", "critical"), [(112, False), (135, True)])
def test_a_pregnant_woman_in_the_adults_high_band_alerts(rate: int, critical: bool) -> None:
    changes = {"fr_irpm": 25, "temperatura_c": "38.5", "fc_bpm": rate}
    found = severities(
        avaliar(encounter({"data_nascimento": "1995-01-10", "gestante": "sim"}, sinais_vitais=NORMAL | changes))
    )
    assert (found.get("sinais_criticos_gestante") == "critico") is critical
    assert ("sinais_extremos_gestante" in found) is not critical


@pytest.mark.parametrize(("level", "critical"), [("V", False), ("P", True), ("U", True)])
def test_a_child_that_hardly_responds_alerts(level: str, critical: bool) -> None:
    avaliacao = avaliar(encounter({"data_nascimento": "2020-01-10"}, sinais_vitais=NORMAL | {"consciencia": level}))
    assert (severities(avaliacao).get("consciencia_critica_crianca") == "critico") is critical


@pytest.mark.parametrize("patient", [{"sexo": "M"}, {"data_nascimento": "1949-01-10"}])
def test_a_pregnancy_that_fits_neither_sex_nor_age_does_not_silence_the_alert(patient: dict[str, Any]) -> None:
    avaliacao = avaliar(encounter({"data_nascimento": "1995-01-10", "gestante": "sim"} | patient))
    found = severities(avaliacao)
    assert (found["news2_alto"], found["gestacao_contraditoria"]) == ("critico", "atencao")
    assert avaliacao.calculos["news2_condicao"] == "valido_somente_se_nao_gestante"
    assert "paciente.gestante" in avaliacao.dados_faltantes


def test_does_not_apply_in_pregnancy() -> None:
    avaliacao = avaliar(encounter({"data_nascimento": "1995-01-10", "gestante": "sim"}))
    assert avaliacao.calculos["news2"] == "nao_calculavel"
    assert not any(code.startswith("news2") for code in severities(avaliacao))


@pytest.mark.parametrize(
    ("birth", "sex", "pregnant", "unknown"),
    [
        ("1995-01-10", "F", "desconhecido", True),
        ("1995-01-10", "F", "nao", False),
        ("1995-01-10", "M", "desconhecido", False),
        ("1971-01-10", "F", "desconhecido", True),
        ("1970-01-10", "F", "desconhecido", False),
    ],
)
def test_unknown_pregnancy_is_a_stated_condition(birth: str, sex: str, pregnant: str, unknown: bool) -> None:
    avaliacao = avaliar(encounter({"data_nascimento": birth, "sexo": sex, "gestante": pregnant}))
    assert ("paciente.gestante" in avaliacao.dados_faltantes) is unknown
    assert ("news2_condicao" in avaliacao.calculos) is unknown
    (finding,) = [found for found in avaliacao.criticos if found.codigo == "news2_alto"]
    assert finding.descricao.endswith("Válido somente se não houver gestação.") is unknown


def test_evidence_holds_the_numbers_the_rule_saw() -> None:
    (finding,) = [a for a in avaliar(encounter()).achados if a.codigo == "news2_alto"]
    assert finding.evidencia["sinais_vitais"]["temperatura_c"] == Decimal("38.6")
    assert finding.evidencia["pontos"]["fr_irpm"] == 2
    assert "2017" in finding.fonte
