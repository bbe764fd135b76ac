"""One known date in the notations in which people and systems write it."""

from __future__ import annotations

import re
from datetime import date

_MONTHS = (
    "jan(?:eiro|uary)?",
    "fev(?:ereiro)?|feb(?:ruary)?",
    "mar(?:co|ch)?",
    "abr(?:il)?|apr(?:il)?",
    "mai(?:o)?|may",
    "jun(?:ho|e)?",
    "jul(?:ho|y)?",
    "ago(?:sto)?|aug(?:ust)?",
    "set(?:embro)?|sep(?:tember)?",
    "out(?:ubro)?|oct(?:ober)?",
    "nov(?:embro|ember)?",
    "dez(?:embro)?|dec(?:ember)?",
)
_GAP = r"[^0-9a-z]{1,3}"
_ROMANS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_WORDS_GAP = r"[^0-9a-z]{0,3}(?:d[eo]|of)?(?: (?:mes|ano) de)?[^0-9a-z]{0,3}"
_ISO = re.compile(r"\s*(\d{4})-(\d{2})-(\d{2})(?:[T ][\d:.,+\-Z ]*)?\s*")
_BRAZILIAN = re.compile(r"\s*(\d{1,2})/(\d{1,2})/(\d{4})\s*")


def date_of(text: str) -> date | None:
    """The date that `text` is (`1951-03-04`, with or without a time, or `04/03/1951`); None when it is none."""
    iso, brazilian = _ISO.fullmatch(text), _BRAZILIAN.fullmatch(text)
    parts = iso.groups() if iso else brazilian.groups()[::-1] if brazilian else None
    try:
        return date(*map(int, parts)) if parts else None
    except ValueError:
        return None


def notations(day: date) -> re.Pattern[str]:
    """Finds the date in a folded text: numbers in either order, a year of two digits, or the month by its name."""
    d, m = f"0?{day.day}", f"0?{day.month}"
    year = f"{day.year}" if day.year < 1900 else f"(?:{day.year // 100})?{day.year % 100:02}"
    name = f"(?:{_MONTHS[day.month - 1]}|{_ROMANS[day.month - 1]})"
    forms = (
        f"{day.year}{_GAP}{m}{_GAP}{d}",
        f"{d}{_GAP}{m}{_GAP}{year}",
        f"{m}{_GAP}{d}{_GAP}{year}",
        f"{day:%Y%m%d}|{day:%d%m%Y}",
        f"{d}(?:o|st|nd|rd|th)?{_WORDS_GAP}{name}{_WORDS_GAP}{year}",
        f"{name}{_WORDS_GAP}{d}(?:o|st|nd|rd|th)?{_WORDS_GAP}{year}",
    )
    return re.compile(rf"(?<!\d)(?:{'|'.join(forms)})(?!\d)", re.ASCII)
