"""A CSV as rows, each with its own bytes, its place and its content. Reading never stops at a bad row.

The file is cut into records here and not by the csv module, because a row must be known by its first byte (to go on
after a crash) and be given back as it came. Records without quotes, nearly all of them, need no csv module at all.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from typing import BinaryIO, NamedTuple

from handlers.ingestao.leitura.colunas import Nomes
from handlers.ingestao.leitura.exame import ArquivoRecusado
from handlers.ingestao.rules.pessoas import PATIENT, PHYSICIAN, Leitura, Lido, medico, paciente
from shared.register.records import Kind, Position, Row

_DELIMITERS = ";,\t|"
LINE_MAX = 262_144  # bytes; a longer line is rejected, and its bytes beyond this are only in the stored file
_QUOTED_LINES_MAX = 50  # an open quote must not swallow the file
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SEPARATOR = re.compile(rb'"?sep=.?"?[\r\n]*')  # what Excel writes before the header for itself
_QUOTE, _LINE_FEED = 0x22, 0x0A

_Read = Callable[[], bytes]
_Line = tuple[bytes, int]
"""A line's bytes, and its length where it is longer than what is kept of it."""


class _Record(NamedTuple):
    line: int
    offset: int
    raw: bytes
    error: str | None = None


def ler_csv(
    arquivo: BinaryIO, inicio: int, codificacao: str, nomes: Nomes, leitura: Leitura, posicao: Position
) -> Iterator[Row]:
    """Rows from `posicao` on. The first row of the file, at byte `inicio`, is the header. Raises ArquivoRecusado."""
    arquivo.seek(inicio)
    records = _records(arquivo, inicio, 1)
    header = next((record for record in records if record.raw.strip() and not _SEPARATOR.fullmatch(record.raw)), None)
    if header is None:
        return
    read = _Reader(header, codificacao, nomes, leitura)
    if posicao.offset > header.offset:
        arquivo.seek(posicao.offset)
        records = _records(arquivo, posicao.offset, posicao.line)
    for record in records:
        row = read(record)
        if row is not None:
            yield row


def _records(arquivo: BinaryIO, offset: int, line: int) -> Iterator[_Record]:
    """Lines, those inside quotes joined."""
    pending: deque[_Line] = deque()
    read = partial(arquivo.readline, LINE_MAX)
    while True:
        raw, length = pending.popleft() if pending else _whole(read(), read)
        if not raw:
            return
        error, lines = None, 1
        if length > len(raw):
            error = "linha_longa"
        elif raw.count(_QUOTE) % 2:
            raw, lines, error = _joined(raw, pending, read)
            length = len(raw)
        yield _Record(line, offset, raw, error)
        offset += length
        line += lines


def _whole(raw: bytes, read: _Read) -> _Line:
    """A line by its first part: of one that is too long, that part and the length of all of it."""
    length = len(raw)
    if length < LINE_MAX or raw[-1] == _LINE_FEED:
        return raw, length
    while part := read():
        length += len(part)
        if part[-1] == _LINE_FEED:
            break
    return raw, length


def _joined(first: bytes, pending: deque[_Line], read: _Read) -> tuple[bytes, int, str | None]:
    """The record that begins with an open quote, and its number of lines; only its first line if it never closes."""
    parts, quotes = [first], first.count(_QUOTE)
    while quotes % 2 and len(parts) < _QUOTED_LINES_MAX:
        if len(parts) > len(pending):
            following = _whole(read(), read)
            if not following[0]:
                break
            pending.append(following)
        part, length = pending[len(parts) - 1]
        if length > len(part):
            break  # no cell is as long as that
        parts.append(part)
        quotes += part.count(_QUOTE)
    if quotes % 2 or not _closes(b"".join(parts)):
        return first, 1, "aspas_nao_fechadas"
    for _ in parts[1:]:
        pending.popleft()
    return b"".join(parts), len(parts), None


def _closes(raw: bytes) -> bool:
    """Whether quotes stand where cells begin and end: else two broken lines only look like one whole record."""
    text = raw.decode("latin-1")
    return any(_parsed(text, delimiter) is not None for delimiter in _DELIMITERS)


def _parsed(text: str, delimiter: str) -> list[str] | None:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


class _Reader:
    """Turns records into rows, by the header of their file."""

    def __init__(self, header: _Record, encoding: str, nomes: Nomes, leitura: Leitura) -> None:
        self._encoding = encoding
        self._leitura = leitura
        self._header = header.raw
        try:
            text = header.raw.decode(encoding).strip("\r\n")
        except UnicodeDecodeError:
            text = ""
        self._delimiter = max(_DELIMITERS, key=text.count)
        columns = _parsed(text, self._delimiter) if not header.error and text else None
        if columns is None:
            raise ArquivoRecusado("cabecalho_ilegivel", "a primeira linha do CSV deve ter o nome das colunas")
        # A spreadsheet leaves empty columns at the end, without a name and without a cell that says anything.
        fields = [nomes(column) or f"coluna_{place}" for place, column in enumerate(columns, 1)]
        self._broken = "cabecalho_repetido" if len(set(fields)) != len(fields) else None
        self._width = len(fields)
        self._council = fields.index("crm") if "crm" in fields else len(fields)
        self._plans = {kind: _Plan(fields, kind) for kind in Kind}
        self._only = next(iter(leitura.tipos)) if len(leitura.tipos) == 1 else None

    def __call__(self, record: _Record) -> Row | None:
        """None for a blank line, which is no row."""
        raw = record.raw
        if not raw.strip():
            return None
        error = record.error
        text = ""
        if error is None:
            try:
                text = raw.decode(self._encoding).rstrip("\r\n")
            except UnicodeDecodeError:
                error = "codificacao_invalida"
        if error is None and not text.strip(f'{self._delimiter} \t"'):
            return None
        if error is None:
            person, codes = self._person(text, raw)
        else:
            person, codes = None, (error,)
        return Row(record.line, record.offset, raw, person, codes)

    def _person(self, text: str, raw: bytes) -> Lido:
        if not text.isprintable() and (found := _CONTROL.search(text)):
            return None, ("byte_nulo" if found[0] == "\0" else "caractere_de_controle",)
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        cells: list[str] | None
        cells = _parsed(text, self._delimiter) if '"' in text else text.split(self._delimiter)
        if cells is None:
            return None, ("csv_ilegivel",)
        if raw == self._header:
            return None, ("cabecalho_no_meio",)
        error = self._broken or ("colunas_divergentes" if len(cells) != self._width else None)
        if error:
            return None, (error,)
        cells = [cell.strip() for cell in cells]
        cells.append("")  # where columns that the file lacks are looked up
        kind = self._only or (Kind.PHYSICIAN if cells[self._council] else Kind.PATIENT)
        plan = self._plans[kind]
        extra = {name: cells[place] for name, place in plan.extra if cells[place]} if plan.extra else None
        build = paciente if kind is Kind.PATIENT else medico
        return build(self._leitura, plan.pick(cells), extra or None)


class _Plan:
    """Where in a row the fields of one kind stand; one past the end for what the file lacks."""

    def __init__(self, fields: list[str], kind: Kind) -> None:
        own = PATIENT if kind is Kind.PATIENT else PHYSICIAN
        self.pick = itemgetter(*(fields.index(name) if name in fields else len(fields) for name in own))
        self.extra = [(name, place) for place, name in enumerate(fields) if name not in own]
