"""The gate names the exact missing item, and the recommendation is never a denial."""

from __future__ import annotations

import pytest

from handlers.opme.rules import material, protese, solicitacao
from handlers.opme.rules.completude import itens_faltantes
from handlers.opme.rules.solicitacao import concluir
from shared.findings import Avaliacao
from tests.unit.opme.claims import ITEM, QUOTATIONS, claim, codes, prosthesis, supply, without


@pytest.mark.parametrize("field", ["numero_guia", "registro_ans", "profissional", "itens", "cotacoes"])
def test_a_missing_field_of_the_request(field: str) -> None:
    avaliacao = solicitacao.avaliar(claim(**{field: None}))
    assert avaliacao.calculos["completo"] is False
    assert avaliacao.calculos["item_faltante"] == field
    assert avaliacao.calculos["recomendacao"] == "pedir_complementacao"
    assert "solicitacao_incompleta" in codes(avaliacao)


@pytest.mark.parametrize("field", list(ITEM))
def test_a_missing_field_of_the_second_item(field: str) -> None:
    avaliacao = solicitacao.avaliar(claim(itens=[ITEM, without(ITEM, field)]))
    assert avaliacao.calculos["item_faltante"] == f"itens[1].{field}"
    assert avaliacao.dados_faltantes == [f"itens[1].{field}"]


@pytest.mark.parametrize("field", list(QUOTATIONS[0]))
def test_a_missing_field_of_a_quotation(field: str) -> None:
    quotations = [QUOTATIONS[0], QUOTATIONS[1], without(QUOTATIONS[2], field)]
    assert solicitacao.avaliar(claim(cotacoes=quotations)).calculos["item_faltante"] == f"cotacoes[2].{field}"


@pytest.mark.parametrize("field", ["lado", "dimensao", "material"])
def test_a_prosthesis_needs_side_size_and_material(field: str) -> None:
    avaliacao = protese.avaliar(prosthesis(**{field: None}))
    assert avaliacao.calculos["item_faltante"] == field
    assert avaliacao.calculos["recomendacao"] == "pedir_complementacao"


def test_a_material_needs_its_expected_consumption() -> None:
    assert material.avaliar(supply(consumo_previsto=None)).calculos["item_faltante"] == "consumo_previsto"


def test_an_empty_list_is_missing_too() -> None:
    assert itens_faltantes(claim(itens=[])) == ["itens"]


def test_an_urgent_request_needs_no_quotations_but_complete_ones() -> None:
    assert itens_faltantes(claim(carater="urgencia", cotacoes=None)) == []
    broken = [without(QUOTATIONS[0], "valor")]
    assert itens_faltantes(claim(carater="urgencia", cotacoes=broken)) == ["cotacoes[0].valor"]


def test_a_complete_request_goes_to_audit_and_says_that_tables_are_wanting() -> None:
    avaliacao = solicitacao.avaliar(claim())
    assert avaliacao.calculos["completo"] is True
    assert avaliacao.calculos["item_faltante"] is None
    assert avaliacao.calculos["recomendacao"] == "auditoria_com_verificacoes_pendentes"
    assert avaliacao.calculos["decisao"] == "humana_pendente"


@pytest.mark.parametrize(
    "changes", [{}, {"itens": None}, {"cid": "J18.9"}, {"cotacoes": QUOTATIONS[:1]}, {"carater": "urgencia"}]
)
def test_no_outcome_denies(changes: dict) -> None:
    recommendation = solicitacao.avaliar(claim(**changes)).calculos["recomendacao"]
    assert recommendation in {
        "pedir_complementacao",
        "auditoria_com_ressalvas",
        "auditoria_com_verificacoes_pendentes",
    }


def test_urgency_alone_is_no_reservation() -> None:
    recommendation = solicitacao.avaliar(claim(carater="urgencia")).calculos["recomendacao"]
    assert recommendation == "auditoria_com_verificacoes_pendentes"


@pytest.mark.parametrize(
    "unknown",
    [{}, {"itens[0].registro_anvisa": "nao_verificado"}, {"cid_compativel": None}, {"quantidades_na_tabela": False}],
)
def test_only_what_was_verified_is_without_reservations(unknown: dict) -> None:
    verified = {
        "completo": True,
        "itens[0].registro_anvisa": "vigente_no_retrato",
        "existencia_sigtap": "existe",
        "cid_compativel": True,
        "quantidades_na_tabela": True,
    }
    saida = concluir(Avaliacao(calculos=verified | unknown))
    expected = "auditoria_com_verificacoes_pendentes" if unknown else "auditoria_sem_ressalvas"
    assert saida.calculos["recomendacao"] == expected


def test_a_reservation_shows_in_the_recommendation() -> None:
    assert solicitacao.avaliar(claim(cid="J18.9")).calculos["recomendacao"] == "auditoria_com_ressalvas"
