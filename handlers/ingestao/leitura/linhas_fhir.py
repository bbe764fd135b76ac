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
ENTRY_MAX = 1 << 20  # bytes; a patient's resource has a few thousand, one with a photograph some hundred thousand
_ENTRY = re.compile(rb'"entry"\s*:\s*\[')
_BETWEEN = re.compile(rb"[ \t\r\n,]*+")
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]]|"', re.DOTALL)
_SCALAR = re.compile(rb'[^ \t\r\n,{}\[\]"]++(?=[ \t\r\n,{\]])')
_MARK = re.compile(rb'["\\{}\[\]]')
_OPENS = (b"{", b"[")
_NEVER_AN_ENTRY = (b"}", b"[", b'"')
REST_UNREAD = "resto_nao_lido"

_Piece = tuple[int, bytes, tuple[str, ...]]
"""First byte, bytes, and why they are no entry."""


def ler_fhir(
    arquivo: BinaryIO, inicio: int, codificacao: str, nomes: Nomes, leitura: Leitura, posicao: Position
) -> Iterator[Row]:
    """Rows from `posicao` on. Raises ArquivoRecusado when no Bundle with entries begins the file."""
    start = _first_entry(arquivo, inicio)
    if posicao.offset > start and _ends_at(arquivo, posicao.offset):
        return  # everything was applied before, and only the word that the file is finished got lost
    offset, number = max(posicao.offset, start), posicao.line
    for position, raw, errors in _entries(arquivo, offset):
        person, codes = (None, errors) if errors else _lido(raw, codificacao, nomes, leitura)
        yield Row(number, position, raw, person, codes)
        number += 1


def _first_entry(arquivo: BinaryIO, inicio: int) -> int:
    arquivo.seek(inicio)
    head = arquivo.read(_BLOCK)
    found = _ENTRY.search(head)
    if found is None or b'"Bundle"' not in head or not head.lstrip().startswith(b"{"):
        raise ArquivoRecusado("bundle_ausente", "o arquivo deve ser um Bundle FHIR com a lista entry no começo")
    return inicio + found.end()


def _ends_at(arquivo: BinaryIO, offset: int) -> bool:
    arquivo.seek(offset)
    return not arquivo.read(1)


def _entries(arquivo: BinaryIO, offset: int) -> Iterator[_Piece]:
    """Each piece of the list. Where nothing can be cut any more, the last one says that the rest is not read."""
    arquivo.seek(offset)
    buffer, at, ended = b"", 0, False
    while True:
        at = _end_of(_BETWEEN, buffer, at)
        first = buffer[at : at + 1]
        if first == b"]":
            return
        end = _end_of_object(buffer, at) if first == b"{" else _end_of(_SCALAR, buffer, at)
        if end > at:
            # By its place in the buffer: cutting what is done off its front would copy the rest once per entry.
            yield offset + at, buffer[at:end], () if first == b"{" else ("json_ilegivel",)
            at = end
            continue
        offset, buffer, at = offset + at, buffer[at:], 0
        too_long = len(buffer) > ENTRY_MAX
        if ended or first in _NEVER_AN_ENTRY or (too_long and first != b"{"):
            code = "json_truncado" if first in (b"", b"{") else "json_ilegivel"
            yield offset, buffer[:ENTRY_MAX], (code, REST_UNREAD)
            return
        if too_long:
            kept = buffer[:ENTRY_MAX]
            length, buffer = _skip_object(arquivo, buffer)
            yield offset, kept, ("entrada_longa",) if length else ("json_truncado", REST_UNREAD)
            if not length:
                return
            offset += length
            continue
        more = arquivo.read(_BLOCK)
        buffer, ended = buffer + more, not more


def _end_of(pattern: re.Pattern[bytes], buffer: bytes, at: int) -> int:
    found = pattern.match(buffer, at)
    return found.end() if found else at


def _end_of_object(buffer: bytes, at: int) -> int:
    """The byte after the object that begins at `at`, 0 while its end is not there."""
    depth = 0
    for token in _TOKEN.finditer(buffer, at):
        character = token[0]
        if character == b'"':
            return 0  # a string that is not whole yet
        if character in _OPENS:
            depth += 1
        elif character in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return token.end()
    return 0


def _skip_object(arquivo: BinaryIO, buffer: bytes) -> tuple[int, bytes]:
    """The length of the object that begins the buffer, and what was read beyond it; 0 where the file ends before.

    It is dropped as it comes: the attachment of a resource may be larger than our memory.
    """
    depth, inside, base, escaped = 0, False, 0, -1
    while buffer:
        for mark in _MARK.finditer(buffer):
            sign, place = mark[0], base + mark.start()
            if place == escaped:
                continue
            if sign == b"\\":
                escaped = place + 1
            elif sign == b'"':
                inside = not inside
            elif not inside:
                depth += 1 if sign in _OPENS else -1
                if depth == 0:
                    return base + mark.end(), buffer[mark.end() :]
        base += len(buffer)
        buffer = arquivo.read(_BLOCK)
    return 0, b""


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
