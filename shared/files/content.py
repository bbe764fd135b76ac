"""What a file is, by what it holds: a declared type and a name's ending are only the sender's opinion."""

from __future__ import annotations

import re

from shared.errors import UnsupportedMedia
from shared.interop import FHIR_JSON, HL7_V2

CSV = "text/csv"
NDJSON = "application/x-ndjson"
JSON = "application/json"
HEAD_BYTES = 65_536

_BOM = b"\xef\xbb\xbf"
_BINARY = (
    (b"PK\x03\x04", "arquivo ZIP (ou planilha XLSX): descompacte, ou exporte como CSV, e envie o texto"),
    (b"\x1f\x8b", "arquivo GZIP: descompacte e envie o texto"),
    (b"7z\xbc\xaf", "arquivo 7z: descompacte e envie o texto"),
    (b"%PDF", "arquivo PDF: ainda não é aceito"),
    (b"\xff\xfe", "texto em UTF-16: exporte em UTF-8"),
    (b"\xfe\xff", "texto em UTF-16: exporte em UTF-8"),
)
_FIRST_OBJECT_ENDS = re.compile(rb"}[ \t]*\r?\n\s*{")


def recognise(head: bytes) -> str:
    """The media type of a file that begins with `head` (up to `HEAD_BYTES`).

    Raises UnsupportedMedia for what is no text, with what to do instead.
    """
    for magic, advice in _BINARY:
        if head.startswith(magic):
            raise UnsupportedMedia(advice)
    text = head.removeprefix(_BOM).lstrip()
    if b"\x00" in head:
        raise UnsupportedMedia("arquivo binário: envie CSV, NDJSON, FHIR Bundle em JSON ou HL7 v2 em texto")
    if not text:
        raise UnsupportedMedia("arquivo vazio")
    if text[:3] in (b"MSH", b"FHS", b"BHS"):
        return HL7_V2
    if text.startswith(b"{"):
        return _kind_of_json(text)
    return JSON if text.startswith(b"[") else CSV


def _kind_of_json(text: bytes) -> str:
    """One resource may be spread over lines, so a line break between two objects decides before the first key does."""
    if _FIRST_OBJECT_ENDS.search(text) and _one_object_a_line(text):
        return NDJSON
    if b'"resourceType"' in text:
        return FHIR_JSON
    return NDJSON


def _one_object_a_line(text: bytes) -> bool:
    first = text.split(b"\n", 1)[0].strip()
    return first.startswith(b"{") and first.endswith(b"}") and first.count(b"{") == first.count(b"}")
