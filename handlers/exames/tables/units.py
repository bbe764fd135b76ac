"""From the unit a laboratory prints to the canonical one, exactly, in Decimal; any other is never guessed.

A count is `[multiplier] / volume` (`mil/mm³`, `10*9/L`, `x10^3/uL`); every other dimension has a short closed list.
Hemoglobin in g/mL or mmol/L is not on it: the first is a known mistake in a NIST sample message, the second is
ambiguous between monomer and tetramer.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from handlers.exames.tables import HEMOGRAMA
from handlers.exames.tables.motives import Motivo
from handlers.exames.tables.parameters import Parametro

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_POWER = re.compile(r"10(?:[*^e]|\*\*)?(3|6|9|12)")
_CELL_NOUN = re.compile(r"(?:celulas|celula|cels|cel|cells|cell)(?=/)")
_MULTIPLIERS = {
    "": Decimal(1),
    "1000": Decimal(10) ** 3,
    "mil": Decimal(10) ** 3,
    "k": Decimal(10) ** 3,
    "milh": Decimal(10) ** 6,
    "milhao": Decimal(10) ** 6,
    "milhoes": Decimal(10) ** 6,
    "p3": Decimal(10) ** 3,
    "p6": Decimal(10) ** 6,
    "p9": Decimal(10) ** 9,
    "p12": Decimal(10) ** 12,
}
_PER_MICROLITRE = {"mm3": Decimal(1), "ul": Decimal(1), "mcl": Decimal(1), "l": Decimal(10) ** -6}
_GIGA_TERA = {"g/l": Decimal(10) ** 3, "t/l": Decimal(10) ** 6}
_MASS = {"g/dl": Decimal(1), "g%": Decimal(1), "g/100ml": Decimal(1), "g/l": Decimal("0.1")}
_FACTORS: dict[str, dict[str, Decimal]] = {
    "g/dL": _MASS,
    "%": {"%": Decimal(1)},
    "fL": {"fl": Decimal(1), "um3": Decimal(1)},
    "pg": {"pg": Decimal(1)},
    "/100{WBCs}": {unit: Decimal(1) for unit in ("/100{wbcs}", "/100leucocitos", "/100leuco", "/100wbc", "%")},
}
_EXTRA = {
    Parametro.HEMATOCRITO: {"l/l": Decimal(100)},
    Parametro.CHCM: {"%": Decimal(1)},
}
_COUNT_SCALE = {"10*3/uL": Decimal(10) ** 3, "10*6/uL": Decimal(10) ** 6}
_WORD = re.compile(r"[^\W\d_]+")
_WORDS_OF_UNITS = frozenset(
    ("g", "kg", "mg", "ug", "mcg", "ng", "pg", "l", "dl", "ml", "ul", "mcl", "fl", "mm", "um", "mol", "mmol", "umol")
    + ("mil", "milh", "milhao", "milhoes", "k", "m", "t", "x", "u", "ui", "iu", "meq", "cel", "cels", "cell", "cells")
    + ("celula", "celulas", "leuco", "leucocitos", "leukocytes", "wbc", "wbcs")
)
_LONGEST_UNIT, _MOST_DIGITS = 24, 6


def measured(parameter: Parametro, value: Decimal, unit: str | None) -> Decimal | Motivo:
    """`value` in the canonical unit, or why it cannot be interpreted."""
    try:
        canonical = convert(parameter, value, unit or "")
    except ValueError:
        return Motivo.UNIDADE_DESCONHECIDA
    clear = plausible(parameter, canonical) and not _may_be_thousands(parameter, value, canonical)
    return canonical if clear else Motivo.VALOR_IMPLAUSIVEL


def _may_be_thousands(parameter: Parametro, value: Decimal, canonical: Decimal) -> bool:
    """`45.000` /mm³: forty-five thousand to whoever wrote it, forty-five to a computer. Cells have no thousandths."""
    scale = _COUNT_SCALE.get(parameter.unit)
    return scale is not None and value == canonical * scale and value.as_tuple().exponent == -3


def repeatable(unit: str | None) -> str | None:
    """The unit as given when it is made of words of units only, else None.

    A finding goes to models and to other systems: what a sender put into the wrong field must not go with it.
    """
    if unit is None or len(unit) > _LONGEST_UNIT:
        return None
    text = _folded(unit)
    few_digits = sum(c.isdigit() for c in text) <= _MOST_DIGITS
    return unit if few_digits and all(word in _WORDS_OF_UNITS for word in _WORD.findall(text)) else None


def convert(parameter: Parametro, value: Decimal, unit: str) -> Decimal:
    """`value` in the parameter's canonical unit. Raises ValueError for a unit that does not belong to it."""
    factor = _factor(parameter, _plain(unit))
    if factor is None:
        raise ValueError(f"unidade não aceita para {parameter.value}; use {parameter.unit} ou equivalente")
    return value * factor


def plausible(parameter: Parametro, canonical: Decimal) -> bool:
    """Whether a living patient can have the value; False means that the unit is not the one stated.

    Zero is a possible count or percentage of cells, never a possible hemoglobin, hematocrit or index.
    """
    limits = HEMOGRAMA.current().plausibility_of(parameter)
    if canonical == 0:
        return parameter.unit in ("10*3/uL", "/100{WBCs}") or parameter.endswith("_pct")
    return limits.min <= canonical <= limits.max


def _folded(unit: str) -> str:
    """Case, accents, the micro signs and superscripts out of the way."""
    text = unit.translate(_SUPERSCRIPTS).replace("×", "x").replace("µ", "u").replace("μ", "u")
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(c))


def _plain(unit: str) -> str:
    """`_folded`, without spaces and without the word for cells."""
    text = "".join(c for c in _folded(unit) if not c.isspace())
    return _CELL_NOUN.sub("", text).replace("mm^3", "mm3").replace("um^3", "um3")


def _factor(parameter: Parametro, plain: str) -> Decimal | None:
    scale = _COUNT_SCALE.get(parameter.unit)
    if scale is not None:
        per_microlitre = _count_factor(plain)
        return None if per_microlitre is None else per_microlitre / scale
    return (_FACTORS[parameter.unit] | _EXTRA.get(parameter, {})).get(plain)


def _count_factor(plain: str) -> Decimal | None:
    """Cells per microlitre in one `plain` unit."""
    if plain in _GIGA_TERA:
        return _GIGA_TERA[plain]
    multiplier, slash, volume = plain.removeprefix("x").partition("/")
    multiplier = _POWER.sub(r"p\1", multiplier) if multiplier != "1000" else multiplier
    if not slash or multiplier not in _MULTIPLIERS or volume not in _PER_MICROLITRE:
        return None
    return _MULTIPLIERS[multiplier] * _PER_MICROLITRE[volume]
