"""Numbers as people write them → what they mean: value, sign, unit, side of a limit. Dates and times too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

from handlers.crew_runtime.units import unit_after

Language = Literal["pt", "en"]
Value = Decimal | str

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("janeiro january", "fevereiro february", "marco march", "abril april", "maio may", "junho june",
         "julho july", "agosto august", "setembro september", "outubro october", "novembro november",
         "dezembro december"), 1)
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(_MONTHS)
_TOKEN = re.compile(
    r"(?P<iso>\d{4}-\d{2}-\d{2})"
    r"|(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})"
    rf"|(?P<day2>\d{{1,2}})o?\s(?:de\s)?(?P<name>{_MONTH})(?:\s(?:de\s)?(?P<year2>\d{{4}}))?"
    rf"|(?P<name3>{_MONTH})\s(?P<day3>\d{{1,2}})(?:,?\s(?P<year3>\d{{4}}))?"
    r"|(?P<time>\d{1,2}(?::|h)\d{2})(?:min)?(?!\d)"
    r"|(?<![^\W\d_])(?<!\d)(?P<number>(?:(?<![\w.,)])[+-])?\d+(?:[.,]\d+)*)"
)
# What a token starts with before its first digit: a sign, or a month and a space.
_DIGIT = re.compile(r"\d")
_LEAD = max(map(len, _MONTHS)) + 1
_GROUPED_PT = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?")
_GROUPED_EN = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_BETWEEN = (
    r"(?:\s+(?:d?[oae]s?|the|of|ao?|minimo|maximo|minimum|maximum|limite|limit|limiar|threshold|corte|cutoff|valor|"
    r"value|inferior|superior|lower|upper|referencia|reference|critico|critical|igua(?:l|is)|equal|to|ou|or))*"
    r"\s*[:(]?\s*(?:r\$\s?)?$"
)
_NOT = r"(?P<not>(?:nao|nem|not|nunca|never)\s+(?:\w+\s+){0,2})?"
_BELOW = re.compile(
    rf"{_NOT}(?:[<≤]=?|\b(?:abaixo|menor(?:es)?(?:\s+(?:do\s+)?que|\s+ou)|inferior(?:es)?\s+a|menos\s+de|ate|no\s+maximo|below|"
    rf"under|(?:less|lower|smaller|fewer)\s+than|at\s+most|up\s+to|until)\b){_BETWEEN}"
)
_ABOVE = re.compile(
    rf"{_NOT}(?:[>≥]=?|\b(?:acima|maior(?:es)?(?:\s+(?:do\s+)?que|\s+ou)|superior(?:es)?\s+a|mais\s+de|pelo\s+menos|no\s+minimo|"
    rf"a\s+partir|excede\w*|ultrapassa\w*|above|over|(?:more|greater|higher)\s+than|at\s+least|exceed\w*|from)\b){_BETWEEN}"
)
_LOOK_BACK = 60


@dataclass(frozen=True)
class Quantity:
    """`values` are its possible meanings; `side` is -1 after "abaixo de", 1 after "acima de", 0 otherwise.

    `said` tells a sentence's quantity from a datum's, which has no words around it.
    """

    text: str
    values: frozenset[Value]
    unit: str | None
    side: int = 0
    said: bool = False


def quantities(text: str, language: Language) -> Iterator[Quantity]:
    """Every number, date and time of a folded text, in order."""
    at = 0
    while found := _token(text, at):
        unit, at = unit_after(text, found.end()) if found["number"] else (None, found.end())
        yield Quantity(found.group(), _values(found, language), unit, _side(text, found.start()), said=True)


def _token(text: str, at: int) -> re.Match[str] | None:
    """The first token from `at` on. Only the surroundings of digits are searched: the pattern is dear on letters."""
    digit = _DIGIT.search(text, at)
    return _TOKEN.search(text, max(at, digit.start() - _LEAD)) if digit else None


def plain(value: Decimal | int | str) -> Decimal:
    """A machine's number: the dot is always the decimal mark. Raises `InvalidOperation` for anything else."""
    number = Decimal(str(value))
    if not number.is_finite():
        raise InvalidOperation
    return number.normalize()


def _values(found: re.Match[str], language: Language) -> frozenset[Value]:
    if found["number"]:
        return frozenset(_readings(found["number"], language))
    if found["time"]:
        hour, minute = re.split("[:h]", found["time"])
        return frozenset({f"{int(hour):02}:{minute}"})
    if found["iso"]:
        return frozenset({found["iso"]})
    day = int(found["day"] or found["day2"] or found["day3"])
    month = int(found["month"] or _MONTHS[found["name"] or found["name3"]])
    year = found["year"] or found["year2"] or found["year3"]
    return frozenset({_day(int(year), month, day) if year else f"--{month:02}-{day:02}"})


def _day(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:  # no such day: it will match no finding's
        return f"{year}/{month}/{day}"


def _readings(text: str, language: Language) -> Iterator[Value]:
    """A comma is the decimal mark in Portuguese and groups thousands in English, and the other way round for a dot.

    English texts may also copy the finding's Portuguese notation, so there a comma is both.
    """
    unsigned, sign = text.lstrip("+-"), -1 if text.startswith("-") else 1
    swapped = unsigned.replace(".", "").replace(",", ".")
    if language == "pt":
        plain_text = swapped if _GROUPED_PT.fullmatch(unsigned) or "," in unsigned else unsigned
        candidates = [plain_text]
    elif "," in unsigned:
        candidates = [swapped, *([unsigned.replace(",", "")] if _GROUPED_EN.fullmatch(unsigned) else [])]
    else:
        candidates = [unsigned]
    for candidate in candidates:
        try:
            yield sign * plain(candidate)
        except InvalidOperation:  # a version such as 1.2.3: only the same text matches
            yield unsigned


def _side(text: str, start: int) -> int:
    before = text[max(0, start - _LOOK_BACK) : start]
    for pattern, side in ((_BELOW, -1), (_ABOVE, 1)):
        found = pattern.search(before)
        if found:
            return -side if found["not"] else side
    return 0
