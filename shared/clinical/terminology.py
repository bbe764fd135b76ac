"""Does a code exist? Only a dated list that the hospital supplies can say so: absent, `nao_verificado`, never valid."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.clinical.identifiers import cid10_compact
from shared.clinical.table_files import ArquivoCsv
from shared.clinical.tables import Linha, OptionalTable, Tabela

Existencia = Literal["existe", "inexistente", "nao_verificado"]
_KEPT = str.maketrans("", "", ". -")


class CodigoVigente(Linha):
    """One code of the official table, with or without its mask."""

    codigo: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
    descricao: str | None = None


class TabelaDeCodigos(Tabela):
    """An official list as published. `competencia` (AAAA-MM) where the publisher counts months, else its date alone."""

    fonte: Annotated[str, Field(min_length=3)]
    data: date
    competencia: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")] | None = None
    arquivo: ArquivoCsv | None = None
    linhas: Annotated[tuple[CodigoVigente, ...], Field(min_length=1)]

    @cached_property
    def _by_code(self) -> dict[str, str | None]:
        return {_plain(row.codigo): row.descricao for row in self.linhas}

    def existe(self, code: str) -> bool:
        return _plain(code) in self._by_code

    def tem_subcategoria(self, category: str) -> bool:
        return any(listed.startswith(category) for listed in self._by_code)

    def descricao(self, code: str) -> str | None:
        """The official words for `code`, where the list has them."""
        return self._by_code.get(_plain(code))


CID10 = OptionalTable("terminologia", "cid10", TabelaDeCodigos)
SIGTAP = OptionalTable("terminologia", "sigtap", TabelaDeCodigos)
TUSS = OptionalTable("terminologia", "tuss", TabelaDeCodigos)
LOINC = OptionalTable("terminologia", "loinc", TabelaDeCodigos)
TABLES = (CID10, SIGTAP, TUSS, LOINC)


def existencia(table: OptionalTable[TabelaDeCodigos], code: str) -> Existencia:
    """What the hospital's copy of the official list says of `code`.

    A three-character CID (`J18`) exists where one of its subcategories does.
    """
    rows = table.current()
    if rows is None:
        return "nao_verificado"
    found = rows.existe(code)
    if not found and table is CID10 and len(cid10_compact(code)) == 3:
        found = rows.tem_subcategoria(code)
    return "existe" if found else "inexistente"


def _plain(code: str) -> str:
    return code.translate(_KEPT).upper()
