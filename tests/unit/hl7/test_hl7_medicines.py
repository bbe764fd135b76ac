"""Medicines of an encounter: which orders count, and which are said not to."""

from __future__ import annotations

import pytest

from tests.fixtures.hl7 import read_message as message
from tests.unit.hl7.messages import codes, request

AS_SENT = b"RXO|MET^Metformina|850||mg"


def with_orders(*segments: bytes) -> bytes:
    raw = message("adt_a04_consulta.hl7")
    assert raw.count(AS_SENT) == 1
    return raw.replace(AS_SENT, b"\n".join(segments))


def names(raw: bytes) -> list[str] | None:
    medicines = request(raw).model_dump()["medicamentos"]
    return None if medicines is None else [one["nome"] for one in medicines]


def test_an_order_that_was_encoded_is_listed_once_and_one_that_was_not_is_not_lost():
    encoded = (b"ORC|NW|1", b"RXO|MET^Metformina|850||mg", b"RXE||MET^Metformina 850 mg|850||mg")
    plain = (b"ORC|NW|2", b"RXO|AAS^AAS|100||mg")
    assert names(with_orders(*encoded, *plain)) == ["Metformina 850 mg", "AAS"]
    assert names(with_orders(*plain, *encoded)) == ["AAS", "Metformina 850 mg"]


@pytest.mark.parametrize("control", [b"ORC|DC|1", b"ORC|CA|1", b"ORC|SC|1||2|CM", b"ORC|SC|1|||DC"])
def test_a_medicine_that_was_taken_back_is_not_used_and_named(control: bytes):
    raw = with_orders(control, AS_SENT, b"ORC|NW|2", b"RXO|AAS^AAS|100||mg")
    assert names(raw) == ["AAS"]
    assert codes(raw)["pedido_nao_vigente"].startswith("ORC-")
    assert names(with_orders(control, AS_SENT)) is None
