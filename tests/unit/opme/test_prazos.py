"""Deadlines by character of the request."""

from __future__ import annotations

import pytest

from handlers.opme.rules.solicitacao import avaliar
from tests.unit.opme.claims import claim, codes


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


def test_state_holidays_are_declared_as_not_considered() -> None:
    assert any("feriados estaduais" in line for line in avaliar(claim()).nao_avaliado)
