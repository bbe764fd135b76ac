"""When a value of a hemogram is critical. Published lists differ, so every bound is a hospital's to set."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import StringConstraints, model_validator

from shared.clinical.ages import Age
from shared.clinical.tables import Linha

Idade = Annotated[str, StringConstraints(pattern=r"^[0-9]+[dma]$")]


class Critico(Linha):
    """When one value is critical; each absent bound means that side is never critical."""

    baixo_le: Decimal | None = None
    baixo_lt: Decimal | None = None
    alto_ge: Decimal | None = None
    alto_gt: Decimal | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(bound is None for bound in (self.baixo_le, self.baixo_lt, self.alto_ge, self.alto_gt)):
            raise ValueError("a critical row needs at least one bound")
        return self

    def crossed(self, value: Decimal) -> tuple[str, Decimal] | None:
        """The sign and the bound that make `value` critical, or None."""
        if self.baixo_le is not None and value <= self.baixo_le:
            return "≤", self.baixo_le
        if self.baixo_lt is not None and value < self.baixo_lt:
            return "<", self.baixo_lt
        if self.alto_ge is not None and value >= self.alto_ge:
            return "≥", self.alto_ge
        if self.alto_gt is not None and value > self.alto_gt:
            return ">", self.alto_gt
        return None

    @model_validator(mode="after")
    def _low_below_high(self) -> Self:
        lows = [bound for bound in (self.baixo_le, self.baixo_lt) if bound is not None]
        highs = [bound for bound in (self.alto_ge, self.alto_gt) if bound is not None]
        if lows and highs and max(lows) >= min(highs):
            raise ValueError("the low bound must lie below the high one")
        return self

    def is_low(self, value: Decimal) -> bool:
        """Whether `value` is critical on the low side."""
        bound = self.crossed(value)
        return bound is not None and bound[0] in ("≤", "<")


ParametroCritico = Literal["hemoglobina", "leucocitos", "neutrofilos_abs", "plaquetas", "blastos_pct"]


class CriticoPorIdade(Linha):
    """Bounds that take the place of the general ones for ages in [de, ate); null means never critical then."""

    parametro: ParametroCritico
    de: Idade
    ate: Idade | None
    limites: Critico | None


class Criticos(Linha):
    """`por_idade`: the first row that fits wins. None is shipped: no source of the reference gives one."""

    hemoglobina: Critico
    leucocitos: Critico
    neutrofilos_abs: Critico
    plaquetas: Critico
    blastos_pct: Critico
    por_idade: tuple[CriticoPorIdade, ...] = ()
    fonte: str

    def of(self, parameter: ParametroCritico, age: Age) -> Critico | None:
        """The bounds that hold at this age, or None where nothing is critical."""
        for row in self.por_idade:
            if row.parametro == parameter and age.within(row.de, row.ate):
                return row.limites
        general: Critico = getattr(self, parameter)
        return general
