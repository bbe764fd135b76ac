"""A FHIR Bundle as rows: each entry one, numbered from 1, with its own bytes.

ijson would give the entries without their bytes. A rejected entry must be given back as it came, and reading must be
able to go on in the middle, so the file is cut by counting brackets outside strings; json then reads one entry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from handlers.ingestao.leitura.colunas import Nomes
from handlers.ingestao.leitura.exame import ArquivoRecusado
from handlers.ingestao.leitura.linhas_ndjson import de_objeto
from handlers.ingestao.rules.pessoas import Leitura, Lido
from shared.register.records import Position, Row

_BLOCK = 1 << 18
ENTRY_MAX = 1 << 20  # bytes; a patient's resource has a few thousand
_ENTRY = re.compile(rb'"entry"\s*:\s*\[')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\]]|"', re.DOTALL)
_OPEN, _CLOSE = b"{[", b"}]"


def ler_fhir(
    arquivo: BinaryIO, inicio: int, codificacao: str, nomes: Nomes, leitura: Leitura, posicao: Position
) -> Iterator[Row]:
    """Rows from `posicao` on. Raises ArquivoRecusado when no Bundle with entries begins the file."""
    start = _first_entry(arquivo, inicio)
    offset, number = max(posicao.offset, start), posicao.line
    for position, raw, error in _objects(arquivo, offset):
        person, codes = (None, (error,)) if error else _lido(raw, codificacao, nomes, leitura)
        yield Row(number, position, raw, person, codes)
        number += 1


def _first_entry(arquivo: BinaryIO, inicio: int) -> int:
    arquivo.seek(inicio)
    head = arquivo.read(_BLOCK)
    found = _ENTRY.search(head)
    if found is None or b'"Bundle"' not in head or not head.lstrip().startswith(b"{"):
        raise ArquivoRecusado("bundle_ausente", "o arquivo deve ser um Bundle FHIR com a lista entry no começo")
    return inicio + found.end()


def _objects(arquivo: BinaryIO, offset: int) -> Iterator[tuple[int, bytes, str | None]]:
    """(first byte, bytes, error) of each object of the list. What cannot be cut is one last, rejected piece."""
    arquivo.seek(offset)
    buffer, ended = b"", False
    while True:
        begin = len(buffer) - len(buffer.lstrip(b" \t\r\n,"))
        buffer, offset = buffer[begin:], offset + begin
        if buffer[:1] == b"]":
            return
        end = _end_of_object(buffer) if buffer else 0
        if end:
            yield offset, buffer[:end], None
            buffer, offset = buffer[end:], offset + end
            continue
        broken = bool(buffer) and buffer[:1] != b"{"
        if broken or ended or len(buffer) > ENTRY_MAX:
            if buffer or ended:
                yield offset, buffer[:ENTRY_MAX], "json_ilegivel" if broken else "json_truncado"
            return
        more = arquivo.read(_BLOCK)
        ended = not more
        buffer += more


def _end_of_object(buffer: bytes) -> int:
    """The byte after the object that begins the buffer, 0 while its end is not there."""
    depth = 0
    for token in _TOKEN.finditer(buffer):
        character = token[0]
        if character == b'"':
            return 0  # a string that is not whole yet
        if character in (b"{", b"["):
            depth += 1
        elif character in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return token.end()
    return 0


def _lido(raw: bytes, encoding: str, nomes: Nomes, leitura: Leitura) -> Lido:
    try:
        content: Any = json.loads(raw.decode(encoding), parse_int=str, parse_float=str)
    except UnicodeDecodeError:
        return None, ("codificacao_invalida",)
    except (ValueError, RecursionError):
        return None, ("json_ilegivel",)
    resource = content.get("resource") if isinstance(content, dict) else None
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        return None, ("entrada_sem_recurso",)
    return de_objeto(resource, nomes, leitura)
