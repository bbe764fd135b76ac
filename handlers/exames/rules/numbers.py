"""Decimal helpers of the exam rules: rounding and Brazilian notation. No float anywhere."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def rounded(value: Decimal, places: int) -> Decimal:
    """Half up to `places` decimals; never a negative zero."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP) + 0


def shown(value: Decimal, places: int = 3) -> str:
    """As a Brazilian reader writes it: decimal comma, at most `places` decimals, no trailing zeros."""
    return f"{rounded(value, places).normalize():f}".replace(".", ",")
