"""A result such as `< 5` says where the value lies, not what it is: decisions that hold all along are still made."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from handlers.exames.requests.hemograma import Comparador, ResultadoParametro
from handlers.exames.tables.criticos import Critico

_WORDS: dict[Comparador, str] = {"<": "abaixo de", "<=": "até", ">": "acima de", ">=": "a partir de"}


@dataclass(frozen=True)
class SemiReta:
    """Every value on the stated side of `value`; bound and range in the canonical unit. `line` is as it came."""

    comparator: Comparador
    value: Decimal
    ref_min: Decimal | None
    ref_max: Decimal | None
    line: ResultadoParametro

    @property
    def words(self) -> str:
        return _WORDS[self.comparator]

    def contains(self, value: Decimal) -> bool:
        if self.comparator in ("<=", ">=") and value == self.value:
            return True
        return value < self.value if self.comparator.startswith("<") else value > self.value

    def all_below(self, limit: Decimal) -> bool:
        return self._low and (self.value < limit or (self.value == limit and self.comparator == "<"))

    def all_above(self, limit: Decimal) -> bool:
        return not self._low and (self.value > limit or (self.value == limit and self.comparator == ">"))

    def crossed(self, row: Critico) -> tuple[str, Decimal] | None:
        """The sign and the bound that make every value critical, or None."""
        if self._low:
            if row.baixo_le is not None and self.value <= row.baixo_le:
                return "≤", row.baixo_le
            return ("<", row.baixo_lt) if row.baixo_lt is not None and self.all_below(row.baixo_lt) else None
        if row.alto_ge is not None and self.value >= row.alto_ge:
            return "≥", row.alto_ge
        return (">", row.alto_gt) if row.alto_gt is not None and self.all_above(row.alto_gt) else None

    @property
    def _low(self) -> bool:
        return self.comparator.startswith("<")
