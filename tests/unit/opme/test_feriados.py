"""National holidays and business days against a printed calendar."""

from __future__ import annotations

from datetime import date

import pytest

from handlers.opme.rules.feriados import dia_util, feriados_nacionais, pascoa, somar_dias_uteis


@pytest.mark.parametrize(
    ("year", "easter"),
    [
        (2000, date(2000, 4, 23)),
        (2008, date(2008, 3, 23)),
        (2024, date(2024, 3, 31)),
        (2025, date(2025, 4, 20)),
        (2026, date(2026, 4, 5)),
        (2027, date(2027, 3, 28)),
        (2038, date(2038, 4, 25)),
    ],
)
def test_easter(year: int, easter: date) -> None:
    assert pascoa(year) == easter


def test_the_holidays_of_2026() -> None:
    days = [(1, 1), (4, 3), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (11, 20), (12, 25)]
    assert feriados_nacionais(2026) == {date(2026, month, day) for month, day in days}


def test_the_twentieth_of_november_is_a_holiday_since_2024() -> None:
    assert date(2023, 11, 20) not in feriados_nacionais(2023)
    assert date(2024, 11, 20) in feriados_nacionais(2024)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 19), True),
        (date(2026, 11, 20), False),
        (date(2026, 11, 21), False),
        (date(2026, 11, 22), False),
        (date(2026, 11, 23), True),
        (date(2026, 4, 3), False),
    ],
)
def test_business_day(day: date, works: bool) -> None:
    assert dia_util(day) is works


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 11, 16), 0, date(2026, 11, 16)),
        (date(2026, 11, 16), 1, date(2026, 11, 17)),
        (date(2026, 11, 19), 1, date(2026, 11, 23)),
        (date(2026, 11, 16), 10, date(2026, 12, 1)),
        (date(2026, 12, 24), 5, date(2027, 1, 4)),
        (date(2026, 4, 2), 1, date(2026, 4, 6)),
    ],
)
def test_adding_business_days(start: date, days: int, end: date) -> None:
    assert somar_dias_uteis(start, days) == end
