"""Quotations: manufacturers are counted, not quotations; expiry and dispersion."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from handlers.opme.rules.cotacoes import dispersao, distintos
from handlers.opme.rules.solicitacao import avaliar
from tests.unit.opme.claims import QUOTATIONS, claim, codes


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
