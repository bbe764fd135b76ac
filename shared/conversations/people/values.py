"""A cell of a file as a value that the privacy door can look for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

_SAYS_NOBODY = frozenset({
    "sim", "nao", "n/a", "na", "null", "none", "nan", "true", "false", "desconhecido", "desconhecida", "ignorado",
    "ignorada", "nenhum", "nenhuma", "ausente", "outro", "outra", "masculino", "feminino",
    "não", "não informado", "nao informado", "não informada", "nao informada", "sem informação", "não tem",
})  # fmt: skip
_PARTICLE = r"(?:d[aeo]s?|e|di|del|van|von)"
_CAPITAL = r"[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þa-zà-öø-ÿ'´`-]+\.?"
_LIKE_A_NAME = re.compile(rf"{_CAPITAL}(?:,?\s+(?:{_PARTICLE}\s+)?{_CAPITAL}){{1,7}}")
_WRITTEN_DATE = re.compile(r"(\d{1,2})[-./ ](\d{1,2})[-./ ](\d{4}|\d{2})(?:\D.*)?")
_STUCK_DATE = re.compile(r"(?:(\d{4})(\d{2})(\d{2})|(\d{2})(\d{2})(\d{4}))(?:\d{2,6})?")
_CENTURY = 100


def known_values(cell: str) -> Iterator[str]:
    """The cell, and the date that it is in the spelling in which dates are known; nothing for `não informado`."""
    text = " ".join(cell.split())
    if len(text) < 2 or text.lower() in _SAYS_NOBODY:
        return
    yield text
    yield from _dates(text)


def like_a_name(cell: str) -> bool:
    """Two to eight words with capitals, or in capitals: people are written so, and much else."""
    return bool(_LIKE_A_NAME.fullmatch(" ".join(cell.split())))


def _dates(text: str) -> Iterator[str]:
    written, stuck = _WRITTEN_DATE.fullmatch(text), _STUCK_DATE.fullmatch(text)
    if written:
        day, month, year = (int(part) for part in written.groups())
        for whole in (year,) if year >= _CENTURY else (1900 + year, 2000 + year):
            yield from _date(whole, month, day)
    elif stuck:
        year, month, day, first, second, last = (int(part or 0) for part in stuck.groups())
        yield from _date(year, month, day) if year else _date(last, second, first)


def _date(year: int, month: int, day: int) -> Iterator[str]:
    try:
        yield date(year, month, day).isoformat()
    except ValueError:
        return
