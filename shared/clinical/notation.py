"""Numbers and days as a Brazilian reader writes them, for the sentences of findings; evidence keeps the values."""

from __future__ import annotations

from datetime import date
from decimal import Decimal


def escrito(value: Decimal | int) -> str:
    """With a decimal comma and the decimals that `value` has; never with an exponent."""
    return f"{Decimal(value):f}".replace(".", ",")


def contado(count: int, one: str, many: str) -> str:
    """`1 ponto`, `2 pontos`; none is many."""
    return f"{count} {one if count == 1 else many}"


def dia_escrito(day: date) -> str:
    """`dd/mm/aaaa`."""
    return day.strftime("%d/%m/%Y")
