"""ANVISA numbers: the format is all that is known; nothing is ever called valid."""

from __future__ import annotations

import pytest

from handlers.opme.rules.registro_anvisa import situacao_do_registro
from handlers.opme.rules.solicitacao import avaliar
from tests.unit.opme.claims import ITEM, claim, codes, without


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("80123450017", "nao_verificado"),
        ("10123450017", "nao_verificado"),
        ("8012345-0017", "nao_verificado"),
        ("8012345001", "formato_divergente"),
        ("801234500170", "formato_divergente"),
        ("20123450017", "formato_divergente"),
        ("8012345001A", "formato_divergente"),
        ("isento", "formato_divergente"),
        (None, "ausente"),
    ],
)
def test_status(number: str | None, status: str) -> None:
    assert situacao_do_registro(number) == status


def test_no_status_says_valid() -> None:
    avaliacao = avaliar(claim())
    assert avaliacao.calculos["itens[0].registro_anvisa"] == "nao_verificado"
    assert any(line.startswith("registro_anvisa") for line in avaliacao.nao_avaliado)
    assert "valido" not in [str(value) for value in avaliacao.calculos.values()]


def test_findings_name_the_items() -> None:
    items = [ITEM | {"registro_anvisa": "123"}, without(ITEM, "registro_anvisa"), ITEM]
    avaliacao = avaliar(claim(itens=items))
    fields = {a.codigo: a.evidencia["campos"] for a in avaliacao.achados if a.codigo.startswith("registro_anvisa")}
    assert fields == {
        "registro_anvisa_formato_divergente": ["itens[0].registro_anvisa"],
        "registro_anvisa_ausente": ["itens[1].registro_anvisa"],
    }
    assert "registro_anvisa_ausente" not in codes(avaliar(claim()))
