"""Data types of HL7 v2 as Python values: times, numbers, ranges. Raise ValueError with words that hold no value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

_TIME = re.compile(
    r"(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(\d{2})(?:(\d{2})(?:\.(\d{1,6}))?)?)?)?)?([+-]\d{4})?", re.ASCII
)
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}\.\d{3}", re.ASCII)
_GROUPED = re.compile(r"([+-]?\d{1,3}(?:\.\d{3})+)(?:,(\d+))?", re.ASCII)
_SIGN = re.compile(r"(<=|>=|<|>|≤|≥)?\s*(.+)", re.DOTALL)
_BETWEEN = re.compile(r"(\S+?)\s*(?:-|–|\ba\b|\baté\b|\bate\b)\s*(\S+)")
_AT_MOST = re.compile(r"(?:<=?|≤|até|ate|inferior a|menor que)\s*(\S+)", re.IGNORECASE)
_AT_LEAST = re.compile(r"(?:>=?|≥|acima de|superior a|maior que)\s*(\S+)", re.IGNORECASE)
_LONGEST_RANGE = 100  # `_BETWEEN` takes time with the square of the length


@dataclass(frozen=True, slots=True)
class Moment:
    """A time with its zone; `assumed_zone` when the message gave none and the hospital's own was taken."""

    value: datetime
    assumed_zone: bool


def moment(text: str, zone: ZoneInfo) -> Moment:
    """TS/DTM to the minute at least. A date alone is refused: a guessed hour may move it across midnight."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError("data e hora fora da forma AAAAMMDDhhmm[ss][±hhmm]")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    if hour is None:
        raise ValueError("data sem hora: informe ao menos AAAAMMDDhhmm")
    try:
        naive = datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second or 0),
            int((fraction or "").ljust(6, "0")),
        )
    except ValueError:
        raise ValueError("data e hora que não existem") from None
    return Moment(naive.replace(tzinfo=_offset(offset) if offset else zone), offset is None)


def _offset(text: str) -> timezone:
    minutes = int(text[1:3]) * 60 + int(text[3:])
    if minutes >= 24 * 60:
        raise ValueError("fuso horário que não existe")
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def day(text: str) -> str:
    """DT, or the date of a TS, as AAAA-MM-DD. A birth date to the month alone is refused."""
    match = _TIME.fullmatch(text.strip())
    if match is None or match[3] is None:
        raise ValueError("data fora da forma AAAAMMDD")
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        raise ValueError("data que não existe") from None


@dataclass(frozen=True, slots=True)
class Number:
    """`comparator` (`<`, `>=`, …) says that the number is a bound, not a measurement."""

    value: Decimal
    comparator: str = ""


def number(text: str, *, strict_dot: bool = False) -> Number:
    """NM, or the number that a Brazilian system writes into ST: decimal comma, thousands with dots.

    `strict_dot`: the type is NM or SN, where the standard makes a dot decimal. Otherwise `5.200` is refused: it is
    five thousand two hundred to one laboratory and five point two to another.
    """
    sign, rest = _split_sign(text.strip())
    rest = rest.strip()
    grouped = _GROUPED.fullmatch(rest)
    if grouped and (grouped[2] or rest.count(".") > 1):
        return Number(Decimal(grouped[1].replace(".", "") + "." + (grouped[2] or "0")), sign)
    if not strict_dot and _THOUSANDS.fullmatch(rest):
        raise ValueError("ponto ambíguo: milhar ou decimal; envie como NM ou com vírgula decimal")
    if not _NUMBER.fullmatch(rest):
        raise ValueError("não é um número")
    return Number(Decimal(rest.replace(",", ".")), sign)


def _split_sign(text: str) -> tuple[str, str]:
    match = _SIGN.fullmatch(text)
    if match is None:
        return "", text
    return (match[1] or "").replace("≤", "<=").replace("≥", ">="), match[2]


@dataclass(frozen=True, slots=True)
class Range:
    """A reference range; None on a side that is open."""

    low: Decimal | None
    high: Decimal | None


def reference_range(text: str) -> Range:
    """OBX-7: `12.0-16.0`, `12,0 a 16,0`, `<5`, `> 40`, `até 10`. A range's dot is decimal, as in NM."""
    plain = text.strip()
    for pattern, low, high in ((_AT_MOST, False, True), (_AT_LEAST, True, False)):
        match = pattern.fullmatch(plain)
        if match:
            bound = number(match[1], strict_dot=True).value
            return Range(bound if low else None, bound if high else None)
    match = _BETWEEN.fullmatch(plain) if len(plain) <= _LONGEST_RANGE else None
    if match is None:
        raise ValueError("intervalo de referência não compreendido")
    return Range(number(match[1], strict_dot=True).value, number(match[2], strict_dot=True).value)
