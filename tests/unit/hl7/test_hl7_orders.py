"""Orders of exams and images: which is which, which stands, and the creatinine that one brings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from shared.errors import UnusableDocument
from tests.fixtures.hl7 import read_message as message
from tests.unit.hl7.messages import changed, codes, mapped, request


def test_orders_are_exams_or_images_by_their_section():
    exam: Any = request(message("orm_o01_exame.hl7"))
    image: Any = request(message("orm_o01_imagem.hl7"))
    assert (exam.codigo, exam.urgencia, exam.cid) == ("40304361", True, "R06.0")
    assert exam.paciente.nome == "Marina Exemplo Fictícia", "the order is in Latin-1"
    assert (image.tipo_exame, image.regiao, str(image.creatinina_mg_dl)) == ("tc", "abdome total", "2.1")
    assert image.alergia_contraste is True
    assert "contraste" in mapped(message("orm_o01_imagem.hl7")).report.ausentes


@pytest.mark.parametrize("name", ["orm_o01_exame.hl7", "orm_o01_imagem.hl7"])
@pytest.mark.parametrize(
    ("control", "place"), [(b"CA|", "ORC-1"), (b"dc|", "ORC-1"), (b"OC|", "ORC-1"), (b"SC|9|||CA|", "ORC-5")]
)
def test_an_order_that_is_taken_back_is_no_order(name: str, control: bytes, place: str):
    with pytest.raises(UnusableDocument) as refused:
        mapped(changed(b"ORC|NW|", b"ORC|" + control, name))
    assert [(where, what) for where, what, _ in refused.value.items] == [(place, "pedido_nao_vigente")]


def test_a_creatinine_in_an_impossible_unit_is_missing_and_the_order_goes_on():
    for old, new, code in (
        (b"|2.1|mg/dL|", b"|186|mg/dL|", "valor_implausivel"),
        (b"|2.1|mg/dL|", b"|2.1|umol/L|", "valor_implausivel"),
        (b"|2.1|mg/dL|", b"|2.1|U/L|", "unidade_desconhecida"),
        (b"|2.1|mg/dL|", b"|2.1||", "unidade_desconhecida"),
    ):
        raw = changed(old, new, "orm_o01_imagem.hl7")
        pedido: Any = request(raw)
        assert pedido.creatinina_mg_dl is None and code in codes(raw)


@pytest.mark.parametrize("unit", ["umol/L", "UMOL/L", "µmol/L", "μmol/l"])
def test_a_creatinine_in_moles_is_brought_to_the_rules_unit(unit: str):
    pedido: Any = request(changed(b"|2.1|mg/dL|", f"|186|{unit}|".encode(), "orm_o01_imagem.hl7"))
    assert pedido.creatinina_mg_dl == Decimal("186") * Decimal("113.122") / 10_000
