"""What the trailers of an HL7 batch say they close, beside what stands there (HL7 v2.5 §2.15: BTS-1, FTS-1)."""

from __future__ import annotations

import re
from typing import BinaryIO

from handlers.ingestao.leitura.linhas_hl7 import messages
from handlers.ingestao.rules.grupos import Contagem

_LINE_END = re.compile(rb"[\r\n]")


def contagens_divergentes(arquivo: BinaryIO, inicio: int) -> list[Contagem]:
    """Trailers whose count is not what was read, in the order of the file. A trailer without a number says nothing.

    A pass of its own over the whole file, so that it does not depend on where a load was taken up again.
    """
    found: list[Contagem] = []
    batches = read = 0
    for _, raw in messages(arquivo, inicio):
        segment = raw[:3].decode()
        if segment == "MSH":
            read += 1
        elif segment == "BTS":
            batches += 1
            found += _compared(segment, batches, raw, read)
            read = 0
        elif segment == "FTS":
            # BHS and BTS may be left out around a file's only batch.
            found += _compared(segment, 1, raw, batches + (read > 0))
    return found


def _compared(segment: str, number: int, raw: bytes, read: int) -> list[Contagem]:
    fields = _LINE_END.split(raw, maxsplit=1)[0].split(raw[3:4])
    declared = fields[1].strip() if len(fields) > 1 else b""
    if not declared.isdigit() or int(declared) == read:
        return []
    return [Contagem(segment, number, int(declared), read)]
