"""Deadlines by character of the request."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.opme.rules.solicitacao import avaliar
from tests.unit.opme.claims import claim, codes
from tests.unit.tables.copies import Supply, shipped

OTHER = {"estabelecimento": {"cnes": "1234567"}}


@pytest.mark.parametrize(
    ("carater", "days", "until"),
    [("eletiva", 10, "2026-12-01"), ("outros", 5, "2026-11-24"), ("urgencia", 0, "2026-11-16")],
)
def test_answer(carater: str, days: int, until: str) -> None:
    calculos = avaliar(claim(carater=carater)).calculos
    assert (calculos["prazo_resposta_dias_uteis"], calculos["prazo_resposta_ate"]) == (days, until)


def test_urgent_is_answered_at_once() -> None:
    avaliacao = avaliar(claim(carater="urgencia"))
    assert "prazo_imediato" in codes(avaliacao)
    assert "prazo_atendimento_dias_uteis" not in avaliacao.calculos


def test_elective_care_happens_within_21_business_days() -> None:
    calculos = avaliar(claim()).calculos
    assert (calculos["prazo_atendimento_dias_uteis"], calculos["prazo_atendimento_ate"]) == (21, "2026-12-16")


def test_a_specialist_decides_within_5_business_days() -> None:
    assert avaliar(claim()).calculos["prazo_desempate_dias_uteis"] == 5


def test_without_a_date_only_the_number_of_days_is_known() -> None:
    avaliacao = avaliar(claim(data_solicitacao=None))
    assert avaliacao.calculos["prazo_resposta_dias_uteis"] == 10
    assert avaliacao.calculos["prazo_resposta_ate"] is None
    assert "data_solicitacao" in avaliacao.dados_faltantes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data_procedimento": "2026-11-15"}, True),
        ({"data_procedimento": "2026-11-16"}, False),
        ({"data_procedimento": "2026-11-15", "carater": "urgencia"}, False),
    ],
)
def test_a_procedure_before_its_request_is_said(changes: dict[str, Any], said: bool) -> None:
    assert ("procedimento_antes_do_pedido" in codes(avaliar(claim(**changes)))) is said


def test_state_holidays_are_declared_as_not_considered() -> None:
    assert any("feriados estaduais" in line for line in avaliar(claim()).nao_avaliado)


def test_the_state_of_the_establishment_moves_the_deadline(in_force: Supply, tables: Any) -> None:
    where = {"uf_por_cnes": {"2612380": "SP"}, "datas": [{"data": "2026-07-08", "nome": "Aniversário da cidade"}]}
    in_force({"opme/feriados": shipped(tables, "opme/feriados", **where)})
    here, elsewhere = (claim(data_solicitacao="2026-07-07", carater="outros", **place) for place in ({}, OTHER))
    assert avaliar(here).calculos["prazo_resposta_ate"] == "2026-07-16"
    assert avaliar(elsewhere).calculos["prazo_resposta_ate"] == "2026-07-15"
    assert not [line for line in avaliar(here).nao_avaliado if line.startswith("prazos")]
    assert [line for line in avaliar(elsewhere).nao_avaliado if "UF" in line]


def test_the_gate_names_the_missing_item_and_the_deadline() -> None:
    (finding,) = [one for one in avaliar(claim(numero_guia=None)).achados if one.codigo == "solicitacao_incompleta"]
    assert "falta numero_guia" in finding.descricao and "até 01/12/2026" in finding.descricao
    assert finding.evidencia["prazo_resposta_ate"] == "2026-12-01"


@pytest.mark.parametrize("day", ["1999-12-31", "2101-01-01"])
def test_a_day_nobody_can_mean_is_refused(day: str) -> None:
    with pytest.raises(ValueError, match="data_solicitacao"):
        claim(data_solicitacao=day)
