"""Numbers in words, Portuguese and English, as quantities. "um", "uma" and "one" are mostly articles: left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from handlers.crew_runtime.quantities import Quantity
from handlers.crew_runtime.units import unit_after

_SMALL = {
    "zero": 0, "dois": 2, "duas": 2, "two": 2, "tres": 3, "three": 3, "quatro": 4, "four": 4, "cinco": 5, "five": 5,
    "seis": 6, "six": 6, "sete": 7, "seven": 7, "oito": 8, "eight": 8, "nove": 9, "nine": 9, "dez": 10, "ten": 10,
    "onze": 11, "eleven": 11, "doze": 12, "twelve": 12, "treze": 13, "thirteen": 13, "quatorze": 14, "catorze": 14,
    "fourteen": 14, "quinze": 15, "fifteen": 15, "dezesseis": 16, "sixteen": 16, "dezessete": 17, "seventeen": 17,
    "dezoito": 18, "eighteen": 18, "dezenove": 19, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "vinte": 20, "twenty": 20, "trinta": 30, "thirty": 30, "quarenta": 40, "forty": 40, "cinquenta": 50, "fifty": 50,
    "sessenta": 60, "sixty": 60, "setenta": 70, "seventy": 70, "oitenta": 80, "eighty": 80, "noventa": 90,
    "ninety": 90,
}  # fmt: skip
_LARGE = {
    "cem": 100, "cento": 100, "hundred": 100, "duzentos": 200, "duzentas": 200, "trezentos": 300, "trezentas": 300,
    "quatrocentos": 400, "quatrocentas": 400, "quinhentos": 500, "quinhentas": 500, "mil": 1000, "thousand": 1000,
}  # fmt: skip
_WHOLE = _SMALL | _TENS | _LARGE
# "18 mil" and "mil/mm³" are a unit, read with their number.
_SPELLED = re.compile(
    rf"(?<![\d/] )(?<![\d/])\b(?:(?P<tens>{'|'.join(_TENS)})(?: e |-| )(?P<ones>um|uma|one|{'|'.join(_SMALL)})"
    rf"|(?P<whole>{'|'.join(_WHOLE)}))\b(?!/)"
)
_RELATION = re.compile(
    r"\b(?:metade|dobro|triplo|quadruplo|um terco|um quarto|half|double[ds]?|twice|thrice|tripled?)\b"
)
_ROMAN = re.compile(
    r"\b(?:grau|estagio|estadio|classe|grupo|tipo|fase|categoria|nivel|grade|stage|class|group|type|category)"
    r"\s+(?P<roman>[ivx]{1,4})\b"
)
_ROMAN_VALUES = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
# "os dois achados": a count of what the sentence itself cites.
_CITED = re.compile(r"\s+(?:\w+\s+)?(?:achad|pont|criteri|finding|criteria)")


def spelled(text: str, cited: int) -> Iterator[Quantity]:
    """Numbers in words and Roman grades of a folded text, without counts of its own `cited` findings."""
    for found in _SPELLED.finditer(text):
        value = _TENS[found["tens"]] + _SMALL.get(found["ones"], 1) if found["tens"] else _WHOLE[found["whole"]]
        if not (value == cited and _CITED.match(text, found.end())):
            yield _quantity(found.group(), value, unit_after(text, found.end())[0])
    for found in _ROMAN.finditer(text):
        yield _quantity(found["roman"], _ROMAN_VALUES.get(found["roman"], -1), None)


def relations(text: str) -> Iterator[str]:
    """Words that compare by a factor: "o dobro", "half". They are calculations, which only rules make."""
    return (found.group() for found in _RELATION.finditer(text))


def _quantity(text: str, value: int, unit: str | None) -> Quantity:
    return Quantity(text, frozenset({Decimal(value).normalize()}), unit)
