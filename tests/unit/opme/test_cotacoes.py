"""Quotations: manufacturers are counted, not quotations; expiry and dispersion."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.opme.rules.cotacoes import dispersao, distintos
from handlers.opme.rules.solicitacao import avaliar
from tests.unit.opme.claims import ITEM, QUOTATIONS, claim, codes


def _quotations(**changes: list[Any]) -> list[dict[str, Any]]:
    return [row | {name: values[i] for name, values in changes.items()} for i, row in enumerate(QUOTATIONS)]


@pytest.mark.parametrize(
    ("names", "count"),
    [
        (["Acme Ltda.", "ACME", "Ácme S.A."], 1),
        (["Acme", "Beta", None], 2),
        ([], 0),
        (["Acme Norte", "Acme Sul"], 2),
    ],
)
def test_distinct_names(names: list[str | None], count: int) -> None:
    assert distintos(names) == count


def test_three_brands_of_three_manufacturers() -> None:
    avaliacao = avaliar(claim())
    assert avaliacao.calculos["fabricantes_distintos"] == 3
    assert "fabricantes_insuficientes" not in codes(avaliacao)


def test_three_quotations_of_one_manufacturer_are_one() -> None:
    avaliacao = avaliar(claim(cotacoes=_quotations(fabricante=["Ortoforma", "ORTOFORMA LTDA", "Ortofórma S/A"])))
    assert (avaliacao.calculos["cotacoes"], avaliacao.calculos["fabricantes_distintos"]) == (3, 1)
    (finding,) = [a for a in avaliacao.achados if a.codigo == "fabricantes_insuficientes"]
    assert finding.gravidade == "atencao"
    assert "quando disponíveis" in finding.descricao


def test_an_urgent_request_without_quotations_is_not_blamed_for_it() -> None:
    found = codes(avaliar(claim(carater="urgencia", cotacoes=None)))
    assert "fabricantes_insuficientes" not in found and "solicitacao_incompleta" not in found


def test_prices_are_written_with_a_decimal_comma() -> None:
    avaliacao = avaliar(claim(cotacoes=_quotations(valor=["7450.00", "8000.00", "16100.00"])))
    (finding,) = [a for a in avaliacao.achados if a.codigo == "cotacoes_dispersas"]
    assert finding.descricao == ("A maior cotação (R$ 16100,00) é 2,16 vezes a menor (R$ 7450,00); limite local 2,0.")
    assert finding.evidencia["maxima_brl"] == Decimal("16100.00")


def test_one_brand_of_three_makers_is_not_three_brands() -> None:
    assert "fabricantes_insuficientes" in codes(avaliar(claim(cotacoes=_quotations(marca=["Prime"] * 3))))


@pytest.mark.parametrize(("last_day", "expired"), [("2026-11-16", False), ("2026-11-15", True)])
def test_expiry_at_the_day_of_the_request(last_day: str, expired: bool) -> None:
    avaliacao = avaliar(claim(cotacoes=_quotations(validade=[last_day, "2027-01-01", "2027-01-01"])))
    assert ("cotacao_vencida" in codes(avaliacao)) is expired


@pytest.mark.parametrize(
    ("values", "ratio"),
    [([], None), (["10"], None), (["10", "20"], "2.00"), (["10", "20.05"], "2.01"), (["3", "10", "7"], "3.33")],
)
def test_dispersion(values: list[str], ratio: str | None) -> None:
    assert dispersao([Decimal(v) for v in values]) == (None if ratio is None else Decimal(ratio))


@pytest.mark.parametrize(("highest", "flagged"), [("2000.00", False), ("2000.01", True)])
def test_dispersion_above_the_limit_is_flagged(highest: str, flagged: bool) -> None:
    avaliacao = avaliar(claim(cotacoes=_quotations(valor=["1000.00", "1500.00", highest])))
    assert ("cotacoes_dispersas" in codes(avaliacao)) is flagged
    assert avaliacao.calculos["cotacao_mediana_brl"] == Decimal("1500.00")


def test_prices_of_different_materials_are_not_compared() -> None:
    items = [ITEM, ITEM | {"codigo": "0702030090"}]
    mixed = avaliar(claim(itens=items, cotacoes=_quotations(valor=["10", "1000", "2000"])))
    assert "cotacoes_dispersas" not in codes(mixed)
    assert "cotacoes[].codigo" in mixed.dados_faltantes
    named = _quotations(valor=["10", "1000", "2500"], codigo=["0702030082", "0702030090", "0702030090"])
    found = avaliar(claim(itens=items, cotacoes=named))
    assert found.calculos["cotacao_razao_max_min[0702030090]"] == Decimal("2.50")
    assert codes(found).count("cotacoes_dispersas") == 1
    (dispersed,) = [a for a in found.achados if a.codigo == "cotacoes_dispersas"]
    assert dispersed.descricao.startswith("Material 0702030090: a maior cotação (R$ 2500) é 2,50 vezes")


@pytest.mark.parametrize(("carater", "due"), [("eletiva", True), ("outros", True), ("urgencia", False)])
def test_a_material_that_nobody_quoted_is_named(carater: str, due: bool) -> None:
    items = [ITEM, ITEM | {"codigo": "0702030090"}]
    avaliacao = avaliar(claim(carater=carater, itens=items, cotacoes=_quotations(codigo=["0702030082"] * 3)))
    found = [a.descricao for a in avaliacao.achados if a.codigo == "fabricantes_insuficientes"]
    assert [words.partition(";")[0] for words in found] == (
        ["Material 0702030090: 0 fabricante(s) e 0 marca(s) em 0 cotação(ões)"] if due else []
    )


def test_materials_without_any_quotation_are_left_to_the_gate() -> None:
    found = codes(avaliar(claim(itens=[ITEM, ITEM | {"codigo": "0702030090"}], cotacoes=[])))
    assert "solicitacao_incompleta" in found and "fabricantes_insuficientes" not in found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.decimals("0.01", "100000", places=2), min_size=2, max_size=6))
def test_dispersion_is_at_least_one_and_knows_no_order(values: list[Decimal]) -> None:
    ratio = dispersao(values)
    assert ratio is not None and ratio >= 1
    assert dispersao(values[::-1]) == ratio
    assert dispersao([*values, values[0]]) == ratio


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["Acme", "ACME Ltda", "Beta S.A.", "beta", None]), max_size=6))
def test_a_manufacturer_is_counted_once_however_it_is_written(names: list[str | None]) -> None:
    assert distintos(names) == len({name[:1].casefold() for name in names if name})
