"""Files for the tests, built row by row. People are invented; check digits are right unless a test breaks them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from handlers.ingestao.leitura.colunas import Nomes
from handlers.ingestao.leitura.exame import examinar
from handlers.ingestao.leitura.linhas_csv import ler_csv
from handlers.ingestao.rules.pessoas import Leitura
from shared.register.records import Kind, Position, Row

HEADER = "nome;cpf;cns;data_nascimento;sexo"
ROSA = "Rosa Ivonete Carrilho;833.686.716-34;133288134140018;1974-09-30;F"
AMADEU = "Amadeu Tostes Junqueira;800.028.220-83;;1961-12-25;M"
TODAY = date(2026, 11, 20)
PATIENTS = frozenset({Kind.PATIENT})
Reader = Callable[..., Iterator[Row]]


def csv_of(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"


def ndjson_of(*rows: Any) -> str:
    return "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows) + "\n"


def read(
    content: str | bytes,
    reader: Reader = ler_csv,
    start: Position | None = None,
    mapping: dict[str, str] | None = None,
    kinds: frozenset[Kind] = PATIENTS,
    dates: str | None = None,
) -> list[Row]:
    """The rows of a file as the ingestion reads them."""
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    seen = examinar(file)
    how = Leitura(dates, "teste", TODAY, kinds)
    return list(reader(file, seen.inicio, seen.codificacao, Nomes(mapping or {}), how, start or Position()))


def codes(content: str | bytes, reader: Reader = ler_csv, **more: Any) -> list[tuple[int, tuple[str, ...]]]:
    """Line and codes of each row; () for a row without remark."""
    return [(row.line, row.codes) for row in read(content, reader, **more)]


def field(row: Row, name: str) -> Any:
    """One value of a good row, by its name in the register."""
    assert row.person is not None, row.codes
    from_place = {
        "name": 0,
        "social_name": 1,
        "mother_name": 2,
        "birth_date": 3,
        "sex": 4,
        "cpf": 5,
        "cns": 6,
        "record": 7,
    }
    return row.person.values[from_place[name]]
