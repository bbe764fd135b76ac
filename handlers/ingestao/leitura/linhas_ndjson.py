"""One JSON object per line, each a row. FHIR resources, as bulk exports write them, are read as such."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, BinaryIO

from handlers.ingestao.leitura.colunas import Nomes
from handlers.ingestao.leitura.linhas_csv import LINE_MAX
from handlers.ingestao.leitura.recursos_fhir import campos_de_recurso
from handlers.ingestao.rules.pessoas import Leitura, Lido, de_campos
from shared.register.records import Position, Row

# A lone surrogate is what JSON can say and no store can hold.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def ler_ndjson(
    arquivo: BinaryIO, inicio: int, codificacao: str, nomes: Nomes, leitura: Leitura, posicao: Position
) -> Iterator[Row]:
    """Rows from `posicao` on. Blank lines are no rows."""
    offset, number = max(posicao.offset, inicio), posicao.line
    arquivo.seek(offset)
    # Only line feeds end a line: str.splitlines would also cut at U+2028, which JSON allows inside a string.
    while raw := arquivo.readline(LINE_MAX):
        length, whole = len(raw), True
        while not raw.endswith(b"\n") and length >= LINE_MAX and (more := arquivo.readline(LINE_MAX)):
            length, whole = length + len(more), False
            if more.endswith(b"\n"):
                break
        if raw.strip():
            person, codes = _lido(raw, codificacao, nomes, leitura) if whole else (None, ("linha_longa",))
            yield Row(number, offset, raw, person, codes)
        offset += length
        number += 1


def _lido(raw: bytes, encoding: str, nomes: Nomes, leitura: Leitura) -> Lido:
    try:
        content = json.loads(raw.decode(encoding), parse_int=str, parse_float=str, object_pairs_hook=_without_repeats)
    except UnicodeDecodeError:
        return None, ("codificacao_invalida",)
    except (ValueError, RecursionError):
        return None, ("json_ilegivel",)
    if not isinstance(content, dict):
        return None, ("json_nao_e_objeto",)
    return de_objeto(content, nomes, leitura)


def de_objeto(content: dict[str, Any], nomes: Nomes, leitura: Leitura) -> Lido:
    """A flat object by its field names, or a FHIR resource."""
    if isinstance(content.get("resourceType"), str):
        fields, code = campos_de_recurso(content, leitura)
        if code:
            return None, (code,)
    else:
        if any(isinstance(value, dict | list) for value in content.values()):
            return None, ("valor_aninhado",)
        fields = {nomes(name): texto(value) for name, value in content.items()}
        if len(fields) != len(content):
            return None, ("campo_repetido",)
    if any(_CONTROL.search(value) for value in fields.values()):
        return None, ("caractere_de_controle",)
    return de_campos(leitura, fields)


def texto(value: Any) -> str:
    """A JSON scalar as a cell: NFC, stripped, null as empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return unicodedata.normalize("NFC", str(value)).strip()


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """json keeps the last of two equal names; losing the first in silence is not ours to decide."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("repeated name")
    return found
