"""What a file is, by its content."""

from __future__ import annotations

import pytest

from shared.errors import UnsupportedMedia
from shared.files.content import CSV, JSON, NDJSON, recognise
from shared.interop import FHIR_JSON, HL7_V2


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"nome;cpf\nRosa;1\n", CSV),
        (b"\xef\xbb\xbfnome;cpf\n", CSV),
        ("nome;cidade\nRosa;São Paulo\n".encode("latin-1"), CSV),
        (b'{"nome": "Rosa"}\n{"nome": "Amadeu"}\n', NDJSON),
        (b'{"nome": "Rosa", "endereco": {"cep": "1"}}\r\n{"nome": "Amadeu"}\r\n', NDJSON),
        (b'{"nome": "Rosa"}', NDJSON),
        (b'{"resourceType": "Patient"}\n{"resourceType": "Patient"}\n', NDJSON),
        (b'{\n "resourceType": "Bundle",\n "entry": [{"a": 1},\n {"b": 2}]}', FHIR_JSON),
        (b'{"resourceType":"Bundle","entry":[{"resource":{}},\n{"resource":{}}', FHIR_JSON),
        (b'[{"nome": "Rosa"}]', JSON),
        (b"MSH|^~\\&|A|B\r", HL7_V2),
        (b"\xef\xbb\xbfFHS|^~\\&|A\n", HL7_V2),
    ],
)
def test_text_is_recognised(head: bytes, kind: str) -> None:
    assert recognise(head) == kind


@pytest.mark.parametrize(
    ("head", "advice"),
    [
        (b"PK\x03\x04\x14\x00", "descompacte"),
        (b"\x1f\x8b\x08\x00", "descompacte"),
        (b"%PDF-1.7", "PDF"),
        ("nome;cpf\n".encode("utf-16"), "UTF-8"),
        (b"nome;\x00cpf", "binário"),
        (b" \r\n", "vazio"),
        (b"", "vazio"),
    ],
)
def test_the_rest_is_refused_with_what_to_do(head: bytes, advice: str) -> None:
    with pytest.raises(UnsupportedMedia) as refused:
        recognise(head)
    assert advice in refused.value.detail
