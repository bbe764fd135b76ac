"""Serum creatinine in the units that laboratories print. The rules take mg/dL; other units are never guessed."""

from __future__ import annotations

from decimal import Decimal

FACTORS = {
    "mg/dL": Decimal(1),
    "mg/L": Decimal("0.1"),
    "g/L": Decimal(100),
    "umol/L": Decimal("0.0113122"),
    "mmol/L": Decimal("11.3122"),
}
"""UCUM unit → factor to mg/dL; molar mass of creatinine 113.122 g/mol (C4H7N3O ◇)."""

_PRINTED = {unit.casefold(): factor for unit, factor in FACTORS.items()}
_MICRO_SIGNS = str.maketrans({"µ": "u", "μ": "u"})


def milligrams_per_decilitre(value: Decimal, unit: str) -> Decimal:
    """`value` in mg/dL, for a unit as a laboratory prints it (any case, any micro sign).

    Raises ValueError for any other unit, with the accepted ones.
    """
    factor = _PRINTED.get("".join(unit.split()).translate(_MICRO_SIGNS).casefold())
    if factor is None:
        raise ValueError(f"creatinina: use uma das unidades {', '.join(FACTORS)}")
    return value * factor
