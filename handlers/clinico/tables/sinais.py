"""Plausibility of vital signs: outside it, a typing error or a wrong unit, refused at the door by field."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from pydantic import model_validator

from shared.clinical.tables import Linha, Tabela


class Limites(Linha):
    """Both included."""

    min: Decimal
    max: Decimal

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min >= self.max:
            raise ValueError("min must be below max")
        return self


class TabelaSinais(Tabela):
    """Units stand in the names. Wide on purpose: they refuse errors, never a sick patient ◇."""

    fonte: str
    fr_irpm: Limites
    spo2_pct: Limites
    pas_mmhg: Limites
    pad_mmhg: Limites
    fc_bpm: Limites
    temperatura_c: Limites

    def limits(self, field: str) -> Limites:
        row: Limites = getattr(self, field)
        return row
