"""Quantities with UCUM units, brought to the unit of a field, exactly, in Decimal. Other units are never guessed."""

from __future__ import annotations

from decimal import Decimal

from shared.fhir.node import Found, Node
from shared.fhir.reading import Reading

UCUM = "http://unitsofmeasure.org"

_ONE = Decimal(1)
PER_MINUTE = dict.fromkeys(("/min", "{breaths}/min", "{beats}/min", "{resp}/min", "1/min"), _ONE)
PERCENT = {"%": _ONE}
MILLIMETRE_OF_MERCURY = {"mm[Hg]": _ONE}
KILOGRAM = {"kg": _ONE, "g": Decimal("0.001"), "[lb_av]": Decimal("0.45359237")}
CENTIMETRE = {"cm": _ONE, "m": Decimal(100), "mm": Decimal("0.1"), "[in_i]": Decimal("2.54")}
WEEK = {"wk": _ONE}
SCORE = {"{score}": _ONE, "1": _ONE, "": _ONE}
CELSIUS = {"Cel": _ONE}
_FAHRENHEIT = "[degF]"


def unit_of(quantity: Node) -> str:
    """The UCUM code, else the printed unit of a quantity that names no other system."""
    if quantity.text("system") in ("", UCUM):
        return quantity.text("code") or quantity.text("unit")
    return ""


def exact(quantity: Node | None, reading: Reading) -> Found | None:
    """The number of a quantity. One with a comparator (`<`, `>`) is no number: reported, not used."""
    if quantity is None:
        return None
    if quantity.text("comparator"):
        reading.puzzle(quantity.place, "valor_com_comparador", "um valor com < ou > não é um número exato")
        return None
    found = quantity.leaf("value")
    if found is None:
        reading.puzzle(quantity.place, "sem_valor", "a medida não traz valor")
    return found


def measured(quantity: Node | None, units: dict[str, Decimal], reading: Reading) -> Found | None:
    """The value in the unit whose factor is 1; another dimension is reported, and nothing found."""
    found = exact(quantity, reading)
    if quantity is None or found is None:
        return None
    unit, value = unit_of(quantity), Decimal(str(found.value))
    if unit in units:
        return Found(found.place, _plain(value * units[unit]))
    if units is CELSIUS and unit == _FAHRENHEIT:
        return Found(found.place, _plain(((value - 32) * 5 / 9).quantize(Decimal("0.1"))))
    accepted = ", ".join(unit for unit in units if unit) + (f", {_FAHRENHEIT}" if units is CELSIUS else "")
    reading.puzzle(quantity.place, "unidade_nao_aceita", f"use uma das unidades UCUM: {accepted}")
    return None


def whole(found: Found | None, reading: Reading) -> Found | None:
    """For fields that are counts per minute or whole percent: rounding could move a score, so it is not done."""
    if found is None or found.value == found.value.to_integral_value():
        return found
    reading.puzzle(found.place, "valor_nao_inteiro", "este campo aceita somente números inteiros; não arredondamos")
    return None


def _plain(value: Decimal) -> Decimal:
    """Without the exponent that a product may bring."""
    return Decimal(format(value, "f"))
