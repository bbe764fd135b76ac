"""The units that findings and opinions use, under one name each, in Portuguese and English spellings.

`10*3/uL` and `mil/mm³` are the same unit (1 µL = 1 mm³); `dias úteis` and `dias` are not.
"""

from __future__ import annotations

import re

# Folded spelling → name. Longer spellings first: the first that fits is taken.
_SPELLINGS = (
    (r"(?:mil|thousand)\s?/\s?(?:mm3|ul)|x?\s?10[\^*]+3\s?/\s?(?:mm3|ul)|k/ul", "mil/mm3"),
    (r"(?:milhoes|milhao|millions?)\s?/\s?(?:mm3|ul)|x?\s?10[\^*]+6\s?/\s?(?:mm3|ul)", "milhoes/mm3"),
    (r"(?:(?:celulas|cells)\s?)?(?:/|por |per )\s?(?:mm3|ul)", "/mm3"),
    (r"milh(?:ao|oes)|millions?", "milhoes"),
    (r"mil|thousand", "mil"),
    (r"ml/min/1[.,]73\s?m2", "ml/min/1,73m2"),
    (r"ml/min", "ml/min"),
    (r"[mun]?g/d?l|mcg/d?l|pg/ml|ng/ml|[mu]?mol/l|meq/l|m?ui?/l", ""),
    (r"dias?\s(?:uteis|util)|(?:business|working)\sdays?", "dias_uteis"),
    (r"dias?|dia\(s\)|days?", "dias"),
    (r"horas?|hours?|hrs?|h", "horas"),
    (r"minutos?|minutes?|min", "minutos"),
    (r"semanas?|weeks?", "semanas"),
    (r"meses|mes|months?", "meses"),
    (r"anos?|years?", "anos"),
    (r"pontos?|ponto\(s\)|points?", "pontos"),
    (r"%|por\scento|per\s?cent|pct", "%"),
    (r"mmhg", "mmhg"),
    (r"bpm|batimentos\spor\sminuto|beats\sper\sminute", "bpm"),
    (r"irpm|mpm|rpm|breaths\sper\sminute", "irpm"),
    (r"(?:°|o)\s?c|graus\scelsius", "celsius"),
    (r"reais|brl", "brl"),
    (r"fl|pg|kg|mcg|mg|g|ml|l|cm|mm", ""),
)
# One pattern, one group per spelling, tried in their order.
_UNIT = re.compile("|".join(rf"[ -]?({spelling})(?![a-z0-9])" for spelling, _ in _SPELLINGS))
_CURRENCY = re.compile(r"r\$\s?$")
_IN_NAMES = (
    ("pontos", "pontos"),
    ("ml_min_1_73m2", "ml/min/1,73m2"),
    ("dias_uteis", "dias_uteis"),
    ("dias", "dias"),
    ("horas", "horas"),
    ("anos", "anos"),
    ("g_dl", "g/dl"),
    ("mmhg", "mmhg"),
    ("irpm", "irpm"),
    ("bpm", "bpm"),
    ("pct", "%"),
    ("_brl", "brl"),
    ("_fl", "fl"),
    ("_pg", "pg"),
    ("temperatura_c", "celsius"),
)


def unit_after(text: str, at: int) -> tuple[str | None, int]:
    """The unit that folded `text` has right after a number ending `at`, and where it ends."""
    found = _UNIT.match(text, at)
    if found and found.lastindex:
        return _SPELLINGS[found.lastindex - 1][1] or found.group().strip(" -"), found.end()
    return ("brl", at) if _CURRENCY.search(text, 0, _start_of_number(text, at)) else (None, at)


def unit_in_name(name: str) -> str | None:
    """The unit that a field's own name states: `tfg_ml_min_1_73m2`, `prazo_dias_uteis`."""
    if "mg_dl" in name:
        return "mg/dl"
    return next((unit for part, unit in _IN_NAMES if part in name), None)


def same_unit(one: str, other: str) -> bool:
    """Equal, or the bare multiple of a count per volume: `18 mil` of `18 mil/mm³`."""
    return one == other or other == f"{one}/mm3" or one == f"{other}/mm3"


def _start_of_number(text: str, end: int) -> int:
    while end > 0 and (text[end - 1].isdigit() or text[end - 1] in ".,"):
        end -= 1
    return end
