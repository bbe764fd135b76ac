"""Text of a file into rows, each with the number of its first line. Reading never stops at a bad row."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from handlers.ingestao.tables.loader import table

_DELIMITERS = ";,\t|"
_BOM = "\ufeff"


@dataclass(frozen=True)
class Linha:
    """One row as read. `erro` is the code of what made it unreadable; `campos` is empty then."""

    numero: int
    campos: dict[str, str] = field(default_factory=dict)
    erro: str | None = None


def nome_de_campo(coluna: str, mapeamento: Mapping[str, str]) -> str:
    """Our name of a column: what the sender mapped, else a known synonym, else the column itself in plain form."""
    if coluna.strip() in mapeamento:
        return mapeamento[coluna.strip()]
    plain = "".join(c for c in unicodedata.normalize("NFKD", coluna) if not unicodedata.combining(c))
    name = re.sub(r"\W+", "_", plain.casefold()).strip("_")
    return str(table("colunas")["sinonimos"].get(name, name))


def ler_csv(texto: str, mapeamento: Mapping[str, str]) -> Iterator[Linha]:
    """Rows of a CSV whose first row is the header. Blank lines are no rows. The delimiter is the header's commonest."""
    texto = texto.removeprefix(_BOM)
    header_line = texto.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header_line.count)
    reader = csv.reader(io.StringIO(texto, newline=""), delimiter=delimiter, strict=True)
    rows = _numbered(reader)
    header = next(rows, None)
    if header is None:
        return
    if header.erro or header.valores is None:
        yield Linha(header.numero, erro="cabecalho_ilegivel")
        return
    fields = [nome_de_campo(column, mapeamento) for column in header.valores]
    broken = "cabecalho_repetido" if len(set(fields)) != len(fields) else None
    for row in rows:
        yield _csv_row(row, fields, broken)


@dataclass(frozen=True)
class _Bruta:
    numero: int
    valores: list[str] | None
    erro: str | None = None


def _numbered(reader: Iterator[list[str]]) -> Iterator[_Bruta]:
    """Each non-blank record with the line it starts on; a record may span lines inside quotes."""
    while True:
        first = reader.line_num + 1  # type: ignore[attr-defined]
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            # An open quote swallows the lines after it; the sender must know that they were read as one row.
            unclosed = "unexpected end" in str(problem)
            yield _Bruta(first, None, "aspas_nao_fechadas" if unclosed else "csv_ilegivel")
            continue
        if any(value.strip() for value in values):
            yield _Bruta(first, values)


def _csv_row(row: _Bruta, fields: list[str], broken: str | None) -> Linha:
    error = row.erro or broken
    if error or row.valores is None:
        return Linha(row.numero, erro=error)
    if len(row.valores) != len(fields):
        return Linha(row.numero, erro="colunas_divergentes")
    return Linha(row.numero, dict(zip(fields, map(_clean, row.valores), strict=True)))


def ler_ndjson(texto: str, mapeamento: Mapping[str, str]) -> Iterator[Linha]:
    """One JSON object per line. Blank lines are no rows."""
    # Only line feeds end a line: str.splitlines would also cut at U+2028, which JSON allows inside a string.
    for number, line in enumerate(texto.removeprefix(_BOM).split("\n"), start=1):
        if line.strip():
            yield _json_row(number, line, mapeamento)


def _json_row(number: int, line: str, mapeamento: Mapping[str, str]) -> Linha:
    try:
        content = json.loads(line, parse_int=str, parse_float=str, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        return Linha(number, erro="json_ilegivel")
    if not isinstance(content, dict):
        return Linha(number, erro="json_nao_e_objeto")
    if any(isinstance(value, dict | list) for value in content.values()):
        return Linha(number, erro="valor_aninhado")
    fields = [nome_de_campo(name, mapeamento) for name in content]
    if len(set(fields)) != len(fields):
        return Linha(number, erro="campo_repetido")
    values = ("" if value is None else _clean(str(value)) for value in content.values())
    return Linha(number, dict(zip(fields, values, strict=True)))


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """json keeps the last of two equal names; losing the first in silence is not ours to decide."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("repeated name")
    return dict(pairs)


def _clean(value: str) -> str:
    return unicodedata.normalize("NFC", value).strip()
