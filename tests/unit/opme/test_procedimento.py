"""Codes, diagnosis and quantities against the verified excerpt of SIGTAP."""

from __future__ import annotations

import pytest

from handlers.opme.rules import material
from handlers.opme.rules.procedimento import codigo_confere, quantidades_por_codigo
from handlers.opme.rules.solicitacao import avaliar
from tests.unit.opme.claims import ITEM, claim, codes, supply


@pytest.mark.parametrize(("quantity", "exceeds"), [(1, False), (2, False), (3, True)])
def test_quantity_by_procedure(quantity: int, exceeds: bool) -> None:
    avaliacao = avaliar(claim(itens=[ITEM | {"quantidade": quantity}]))
    assert ("quantidade_excedida" in codes(avaliacao)) is exceeds


def test_rows_of_one_material_add_up_and_alternatives_do_not() -> None:
    same = [ITEM | {"quantidade": 2}, ITEM | {"quantidade": 1}]
    alternatives = [ITEM | {"quantidade": 2}, ITEM | {"quantidade": 1, "opcao_fabricante": 2}]
    assert list(quantidades_por_codigo(claim(itens=same).itens).values()) == [3]
    assert list(quantidades_por_codigo(claim(itens=alternatives).itens).values()) == [2]
    assert "quantidade_excedida" in codes(avaliar(claim(itens=same)))


@pytest.mark.parametrize(("quantity", "unusual"), [(20, False), (21, True)])
def test_unusual_quantity_outside_the_excerpt(quantity: int, unusual: bool) -> None:
    avaliacao = avaliar(claim(itens=[ITEM | {"codigo": "70726108", "quantidade": quantity}]))
    assert ("quantidade_incomum" in codes(avaliacao)) is unusual
    assert any(line.startswith("quantidade x procedimento") for line in avaliacao.nao_avaliado)


@pytest.mark.parametrize(
    ("cid", "compatible"), [("M16.1", True), ("M161", True), ("S72.0", True), ("J18.9", False), ("M17.0", None)]
)
def test_diagnosis_by_procedure(cid: str, compatible: bool | None) -> None:
    avaliacao = avaliar(claim(cid=cid))
    assert avaliacao.calculos["cid_compativel"] is compatible
    assert ("cid_incompativel" in codes(avaliacao)) is (compatible is False)
    assert any(line.startswith("cid x procedimento") for line in avaliacao.nao_avaliado) is (compatible is None)


@pytest.mark.parametrize(
    ("code", "agrees"),
    [
        ("0408040084", True),
        ("0408040085", False),
        ("30715016", True),
        ("30715017", False),
        ("123", None),
        ("ABCDEFGH", None),
    ],
)
def test_check_digit(code: str, agrees: bool | None) -> None:
    assert codigo_confere(code) is agrees


def test_a_wrong_check_digit_warns_and_does_not_refuse() -> None:
    avaliacao = avaliar(claim(procedimento="0408040085"))
    (finding,) = [a for a in avaliacao.achados if a.codigo == "codigo_dv_divergente"]
    assert (finding.gravidade, finding.evidencia) == ("info", {"campos": ["procedimento"]})


@pytest.mark.parametrize(
    ("quantity", "single_use", "code"),
    [(2, True, None), (3, True, "acima_do_consumo"), (1, True, "abaixo_do_consumo"), (1, False, None)],
)
def test_consumption(quantity: int, single_use: bool, code: str | None) -> None:
    items = [ITEM | {"codigo": "70726108", "quantidade": quantity}]
    found = codes(material.avaliar(supply(itens=items, uso_unico=single_use)))
    assert [c for c in found if c.endswith("do_consumo")] == ([code] if code else [])
