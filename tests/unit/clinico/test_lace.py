"""LACE: worked cases, every step of each part, the day count and its sensitivity, what is missing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from handlers.clinico.rules.alta import avaliar
from handlers.clinico.rules.lace import (
    CONVENCAO_DIAS,
    calcular,
    dias_de_permanencia,
    pontos_de_comorbidade,
    pontos_de_permanencia,
    risco_de,
    soma_de_comorbidades,
)
from tests.unit.clinico.encounters import CASES, discharge, severities


@pytest.mark.parametrize("case", CASES["lace"])
def test_worked_case(case: dict[str, Any]) -> None:
    lace = calcular(*case["entrada"])
    assert (lace.permanencia, lace.agudo, lace.comorbidade, lace.emergencia) == tuple(case[part] for part in "LACE")
    assert (lace.soma, risco_de(lace.soma)) == (case["total"], case["risco"])


@pytest.mark.parametrize(
    ("days", "points"),
    [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (6, 4), (7, 5), (13, 5), (14, 7), (90, 7)],
)
def test_length_of_stay(days: int, points: int) -> None:
    assert pontos_de_permanencia(days) == points


@pytest.mark.parametrize(("weights", "points"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 5), (9, 5)])
def test_comorbidity(weights: int, points: int) -> None:
    assert pontos_de_comorbidade(weights) == points


@pytest.mark.parametrize(("visits", "points"), [(0, 0), (3, 3), (4, 4), (5, 4), (20, 4)])
def test_emergency_visits(visits: int, points: int) -> None:
    assert calcular(0, False, 0, visits).emergencia == points


@pytest.mark.parametrize(("total", "risk"), [(4, "baixo"), (5, "moderado"), (9, "moderado"), (10, "alto")])
def test_risk(total: int, risk: str) -> None:
    assert risco_de(total) == risk


@pytest.mark.parametrize(
    ("cids", "weight"),
    [
        *[([cid], 1) for cid in ("I21.9", "I64", "I73.9", "E11.9")],
        *[([cid], 2) for cid in ("I50.0", "E11.7", "J44.9", "K70.3", "C18.9")],
        *[([cid], 3) for cid in ("F03", "M06.9")],
        *[([cid], 4) for cid in ("B20", "K76.7", "N18.5")],
        *[([cid], 0) for cid in ("G81", "K25.0", "I10")],
        (["C18.9", "C78.7"], 6),
        (["E11.9", "E11.7"], 2),
        (["I50.0", "J44.9"], 4),
    ],
)
def test_weights_are_lace_s_own(cids: list[str], weight: int) -> None:
    assert soma_de_comorbidades(cids) == weight


@pytest.mark.parametrize(
    ("admitted", "discharged", "days"),
    [
        ("2026-11-18T06:00:00-03:00", "2026-11-18T23:59:00-03:00", 0),
        ("2026-11-18T23:50:00-03:00", "2026-11-19T00:10:00-03:00", 1),
        ("2026-11-18T22:00:00-03:00", "2026-11-19T02:30:00+00:00", 0),
        ("2026-11-18T11:30:00-03:00", "2026-11-23T09:00:00-03:00", 5),
    ],
)
def test_day_count_is_of_dates_in_the_zone_of_admission(admitted: str, discharged: str, days: int) -> None:
    assert dias_de_permanencia(datetime.fromisoformat(admitted), datetime.fromisoformat(discharged)) == days


def test_the_convention_is_exposed() -> None:
    calculos = avaliar(discharge()).calculos
    assert (calculos["lace_dias"], calculos["lace_convencao_dias"]) == (5, CONVENCAO_DIAS)
    assert (calculos["lace"], calculos["lace_risco"]) == (12, "alto")


def test_a_class_that_hangs_on_the_convention_is_reported() -> None:
    # 3 nights: L 3 + A 3 + C 3 + E 0 = 9; counting both ends: L 4, total 10.
    avaliacao = avaliar(discharge(data_hora_alta="2026-11-21T10:00:00-03:00", visitas_ps_6m=0))
    assert avaliacao.calculos["lace"] == 9
    assert severities(avaliacao)["lace_sensivel_a_convencao"] == "info"
    assert "lace_sensivel_a_convencao" not in severities(avaliar(discharge()))


@pytest.mark.parametrize("field", ["carater", "cids_secundarios", "visitas_ps_6m"])
def test_missing_input(field: str) -> None:
    avaliacao = avaliar(discharge(**{field: None}))
    assert avaliacao.calculos["lace"] == "nao_calculavel"
    assert "lace_risco" not in avaliacao.calculos
    assert avaliacao.dados_faltantes.count(field) == 1
    assert not any(field in finding.descricao for finding in avaliacao.achados), "people read words"


def test_one_day_is_no_days() -> None:
    overnight = discharge(
        data_hora_alta="2026-11-19T01:00:00-03:00", carater="eletiva", cids_secundarios=[], visitas_ps_6m=0
    )
    (finding,) = [found for found in avaliar(overnight).achados if found.codigo.startswith("lace")]
    assert finding.descricao.startswith("LACE de 1 ponto com 1 dia de internação:")


def test_known_parts_alone_can_be_high() -> None:
    long_stay = discharge(visitas_ps_6m=None, data_hora_alta="2026-12-03T10:00:00-03:00")
    avaliacao = avaliar(long_stay)
    assert avaliacao.calculos["lace_minimo"] == 13
    assert severities(avaliacao)["lace_alto_parcial"] == "atencao"


@pytest.mark.parametrize(
    "reason",
    ["óbito", "Óbito com declaração", "41", "67", "Evoluiu a óbito", "Alta por óbito", "Falecimento", "Faleceu"]
    + ["41 - Óbito com declaração", "Paciente evoluiu para óbito às 10h", "Foi a óbito", "Paciente faleceu"],
)
def test_does_not_apply_after_death(reason: str) -> None:
    avaliacao = avaliar(discharge(motivo_saida=reason))
    assert avaliacao.calculos["lace"] == "nao_calculavel"
    assert severities(avaliacao)["obito_com_prescricao"] == "atencao"


@pytest.mark.parametrize(
    "reason",
    ["alta melhorado", "alta a pedido, risco de óbito", "transferência", "11", "sem risco de óbito", "41 dias"],
)
def test_a_way_out_alive_is_no_death(reason: str) -> None:
    assert avaliar(discharge(motivo_saida=reason)).calculos["lace"] != "nao_calculavel"


@pytest.mark.parametrize(("birth", "applies"), [("2008-11-23", True), ("2008-11-24", False)])
def test_applies_to_adults(birth: str, applies: bool) -> None:
    calculos = avaliar(discharge({"data_nascimento": birth})).calculos
    assert (calculos["lace"] != "nao_calculavel") is applies
