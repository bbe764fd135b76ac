"""Plausibility of vital signs: outside it, a typing error or a wrong unit, set aside by name."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Self

from pydantic import model_validator

from handlers.clinico.tables.instrumentos import FaixasNews2, TabelaNews2
from shared.clinical.tables import Linha, Tabela

_BANDS = TabelaNews2.model_validate_json((Path(__file__).parent / "news2.json").read_bytes()).faixas


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
    """Units stand in the names. Wide on purpose: they take out errors, never a sick patient ◇."""

    fonte: str
    fr_irpm: Limites
    spo2_pct: Limites
    pas_mmhg: Limites
    pad_mmhg: Limites
    fc_bpm: Limites
    temperatura_c: Limites

    @model_validator(mode="after")
    def _every_news2_band_is_plausible(self) -> Self:
        """What is set aside as implausible scores nothing: the extreme bands, the ones that alert, must stay open."""
        for band in FaixasNews2.model_fields:
            field = "spo2_pct" if band.startswith("spo2") else band
            ends = [row.ate for row in getattr(_BANDS, band) if row.ate is not None]
            if not (self.limits(field).min <= ends[0] and ends[-1] < self.limits(field).max):
                raise ValueError(f"{field}: the limits leave no room for the extreme bands of NEWS2")
        return self

    def limits(self, field: str) -> Limites:
        row: Limites = getattr(self, field)
        return row
