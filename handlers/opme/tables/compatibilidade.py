"""Diagnosis and quantity by procedure, as SIGTAP (or the payer's table) has them for one month."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, field_validator

from shared.clinical.identifiers import Cid10
from shared.clinical.tables import Linha, Tabela

Codigo = Annotated[str, Field(pattern=r"^[0-9]{8}([0-9]{2})?$")]


class Procedimento(Linha):
    """`lista_completa`: a diagnosis that `cids_compativeis` does not name is incompatible, otherwise unknown."""

    quantidade_maxima: dict[Codigo, Annotated[Decimal, Field(gt=0)]] = {}
    cids_compativeis: frozenset[Cid10] = frozenset()
    cids_incompativeis: frozenset[Cid10] = frozenset()
    lista_completa: bool = False

    def accepts(self, cid: str) -> bool | None:
        """None where the table cannot tell."""
        if cid in self.cids_compativeis:
            return True
        return False if cid in self.cids_incompativeis or self.lista_completa else None


class TabelaCompatibilidade(Tabela):
    """`competencia` is the month (AAAA-MM) of the published table."""

    fonte: str
    competencia: Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
    procedimentos: dict[Codigo, Procedimento]

    @field_validator("procedimentos")
    @classmethod
    def _no_diagnosis_both_ways(cls, rows: dict[str, Procedimento]) -> dict[str, Procedimento]:
        for code, row in rows.items():
            if both := row.cids_compativeis & row.cids_incompativeis:
                raise ValueError(f"{code}: {', '.join(sorted(both))} is both compatible and incompatible")
        return rows
