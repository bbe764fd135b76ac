"""An HL7 v2 batch as rows: each message one, numbered from 1, with its own bytes. FHS, BHS, BTS and FTS only wrap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from handlers.ingestao.leitura.colunas import Nomes
from handlers.ingestao.leitura.exame import ArquivoRecusado
from handlers.ingestao.leitura.mensagens_hl7 import pessoa_de_mensagem
from handlers.ingestao.rules.pessoas import Leitura
from shared.register.records import Position, Row

_BLOCK = 1 << 18
MESSAGE_MAX = 1 << 20
_START = re.compile(rb"(?:^|(?<=[\r\n\x0b]))(?:MSH|FHS|BHS|BTS|FTS)(?=[^A-Za-z0-9])")
_FRAMING = b"\r\n\x0b\x1c \t"


def ler_hl7(
    arquivo: BinaryIO, inicio: int, codificacao: str, nomes: Nomes, leitura: Leitura, posicao: Position
) -> Iterator[Row]:
    """Rows from `posicao` on. Raises ArquivoRecusado when the file does not begin as HL7 v2."""
    offset, number = max(posicao.offset, inicio), posicao.line
    if posicao.offset == 0:
        arquivo.seek(inicio)
        if arquivo.read(_BLOCK).lstrip(_FRAMING)[:3] not in (b"MSH", b"FHS", b"BHS"):
            raise ArquivoRecusado("hl7_ausente", "o arquivo deve começar com FHS, BHS ou MSH")
    for position, raw in messages(arquivo, offset):
        if not raw.startswith(b"MSH"):
            continue
        person, codes = (None, ("mensagem_longa",)) if len(raw) >= MESSAGE_MAX else pessoa_de_mensagem(raw, leitura)
        yield Row(number, position, raw, person, codes)
        number += 1


def messages(arquivo: BinaryIO, offset: int) -> Iterator[tuple[int, bytes]]:
    """(first byte, bytes) of each message and each wrapping segment, up to where the next one begins."""
    arquivo.seek(offset)
    buffer, ended = b"", False
    while not ended:
        more = arquivo.read(_BLOCK)
        ended = not more
        buffer += more
        starts = [match.start() for match in _START.finditer(buffer)]
        # The last one may go on in the next block, and its own first bytes may be cut.
        whole = starts if ended else starts[:-1]
        ends = [*starts[1:], len(buffer)]
        for start, end in zip(whole, ends, strict=False):
            yield offset + start, buffer[start:end][:MESSAGE_MAX]
        keep = len(buffer) if ended else (starts[-1] if starts else max(0, len(buffer) - 4))
        if not ended and len(buffer) - keep > MESSAGE_MAX:
            yield offset + keep, buffer[keep : keep + MESSAGE_MAX]
            keep = len(buffer) - 4
        buffer, offset = buffer[keep:], offset + keep
