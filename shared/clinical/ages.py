"""A patient's age at a date: days, completed months, completed years.

All raise `ValueError` when the birth lies after the date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

OLDEST_YEARS = 130


def age_in_days(birth: date, on: date) -> int:
    """Days lived on `on`; 0 on the day of birth."""
    days = (on - birth).days
    if days < 0:
        raise ValueError("data_nascimento posterior à data do evento")
    return days


def refuse_impossible_age(birth: date, on: date) -> None:
    """Raise ValueError for a birth after `on`, or longer before it than anybody has lived (122 years are documented).

    Ages decide cut-offs, filtration and scores: a birth in 1800 is another patient's, or a placeholder.
    """
    if age_in_years(birth, on) > OLDEST_YEARS:
        raise ValueError(f"data_nascimento há mais de {OLDEST_YEARS} anos da data do evento")


def age_in_months(birth: date, on: date) -> int:
    """Completed months. A month that lacks the birth day completes on the first of the next."""
    age_in_days(birth, on)
    months = (on.year - birth.year) * 12 + on.month - birth.month
    return months if on.day >= birth.day else months - 1


def age_in_years(birth: date, on: date) -> int:
    """Completed years. Somebody born on 29 February completes a year on 1 March of a common year (Lei 810/1949)."""
    return age_in_months(birth, on) // 12


_THRESHOLD = re.compile(r"([0-9]+)([dma])", re.ASCII)


@dataclass(frozen=True)
class Age:
    """A patient's age at one date, in the three units that clinical tables use."""

    days: int
    months: int
    years: int

    @classmethod
    def at(cls, birth: date, on: date) -> Age:
        """The age on `on`. Raises ValueError when the birth lies after it."""
        return cls(age_in_days(birth, on), age_in_months(birth, on), age_in_years(birth, on))

    def reached(self, threshold: str) -> bool:
        """Whether this age is at least `threshold`: a count with d (days), m (months) or a (years), as in `6m`."""
        match = _THRESHOLD.fullmatch(threshold)
        if match is None:
            raise ValueError("limite de idade deve ser um número seguido de d, m ou a")
        return {"d": self.days, "m": self.months, "a": self.years}[match[2]] >= int(match[1])

    def within(self, start: str, end: str | None) -> bool:
        """Whether the age lies in [start, end); no `end` means for ever."""
        return self.reached(start) and (end is None or not self.reached(end))
