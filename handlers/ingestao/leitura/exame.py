"""One pass over a file before any row is read: its digest, its size, its encoding, and whether it is text."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from typing import BinaryIO

_BLOCK = 1 << 20
_MAGIC = (
    (b"PK\x03\x04", "arquivo_compactado", "o arquivo é um ZIP (ou uma planilha XLSX): envie o CSV descompactado"),
    (b"\x1f\x8b", "arquivo_compactado", "o arquivo é um GZIP: envie-o descompactado"),
    (b"7z\xbc\xaf", "arquivo_compactado", "o arquivo é um 7z: envie-o descompactado"),
    (b"\xd0\xcf\x11\xe0", "planilha_binaria", "o arquivo é uma planilha XLS: exporte como CSV"),
    (b"%PDF", "arquivo_pdf", "o arquivo é um PDF: exporte como CSV"),
    (b"\xff\xfe", "codificacao_utf16", "o arquivo está em UTF-16: exporte em UTF-8"),
    (b"\xfe\xff", "codificacao_utf16", "o arquivo está em UTF-16: exporte em UTF-8"),
)
UTF8, WINDOWS = "utf-8", "cp1252"
_STILL_UTF8 = 0.9  # of the lines beyond ASCII: a few broken ones do not make it another encoding


class ArquivoRecusado(ValueError):
    """No row of the file can be read. `codigo` is stable, the text tells a person what to send instead."""

    def __init__(self, codigo: str, texto: str) -> None:
        super().__init__(f"{codigo}: {texto}")
        self.codigo = codigo


@dataclass(frozen=True, slots=True)
class Exame:
    """What the pass found. `inicio` is 3 where a byte order mark stands in front of the first row."""

    sha256: str
    tamanho: int
    codificacao: str
    inicio: int


def examinar(arquivo: BinaryIO) -> Exame:
    """Read it whole, in blocks. Raises ArquivoRecusado for what is no text, or has no bytes."""
    head = arquivo.read(8)
    for magic, codigo, texto in _MAGIC:
        if head.startswith(magic):
            raise ArquivoRecusado(codigo, texto)
    arquivo.seek(0)
    digest, size = hashlib.sha256(), 0
    decoder = codecs.getincrementaldecoder(UTF8)()
    valid = True
    while block := arquivo.read(_BLOCK):
        digest.update(block)
        size += len(block)
        if valid:
            valid = _decodes(decoder, block, final=False)
    if not head.strip() and size <= len(head):
        raise ArquivoRecusado("arquivo_vazio", "o arquivo não tem conteúdo")
    valid = valid and _decodes(decoder, b"", final=True)
    encoding = UTF8 if valid or _mostly_utf8(arquivo) else WINDOWS
    return Exame(digest.hexdigest(), size, encoding, 3 if head.startswith(codecs.BOM_UTF8) else 0)


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _mostly_utf8(arquivo: BinaryIO) -> bool:
    """Whether nearly all lines that are more than ASCII are UTF-8; the others are rejected one by one."""
    good = beyond = 0
    arquivo.seek(0)
    while line := arquivo.readline(_BLOCK):
        if line.isascii():
            continue
        beyond += 1
        try:
            line.decode(UTF8)
        except UnicodeDecodeError:
            continue
        good += 1
    return good >= beyond * _STILL_UTF8
