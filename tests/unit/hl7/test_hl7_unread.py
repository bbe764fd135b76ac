"""A segment that an event has no field for is reported, also where another event of the domain reads it."""

import pytest

from tests.fixtures.hl7 import read_message
from tests.unit.hl7.messages import mapped


@pytest.mark.parametrize(
    ("name", "before", "segment"),
    [
        ("adt_a03_alta.hl7", b"\nAL1|", b"\nOBX|1|NM|8867-4^FC^LN||80|/min|||||F"),
        ("adt_a04_consulta.hl7", b"\nPV1|", b"\nPR1|1||0301010072^Consulta^SIGTAP"),
        ("adt_a04_consulta.hl7", b"\nPV1|", b"\nIN1|1||123456"),
        ("orm_o01_exame.hl7", b"\nOBR|", b"\nAL1|1|DA|^dipirona"),
        ("orm_o01_imagem.hl7", b"\nOBR|", b"\nDG1|1||N17.9^LRA^I10"),
    ],
)
def test_what_fills_no_field_is_reported(name: str, before: bytes, segment: bytes):
    raw = read_message(name).replace(before, segment + before, 1)
    found = [entry.onde for entry in mapped(raw).report.nao_compreendidos if entry.codigo == "segmento_nao_usado"]
    assert segment[1:4].decode() in found
