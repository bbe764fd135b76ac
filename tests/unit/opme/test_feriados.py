"""Holidays and business days against a printed calendar, and what holds for every date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.opme.rules.feriados import Calendario, feriados_publicos


def test_the_holidays_of_2026() -> None:
    days = [(1, 1), (4, 3), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (11, 20), (12, 25)]
    assert feriados_publicos(2026, None) == {date(2026, month, day) for month, day in days}


def test_the_twentieth_of_november_is_a_holiday_since_2024() -> None:
    assert date(2023, 11, 20) not in feriados_publicos(2023, None)
    assert date(2024, 11, 20) in feriados_publicos(2024, None)


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
    assert Calendario().dia_util(day) is works


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
    assert Calendario().somar_dias_uteis(start, days) == end


@pytest.mark.parametrize(
    ("state", "day"),
    [
        ("SP", date(2026, 7, 9)),
        ("RS", date(2026, 9, 20)),
        ("BA", date(2026, 7, 2)),
        ("PE", date(2026, 3, 6)),
    ],
)
def test_state_holidays(state: str, day: date) -> None:
    assert day in feriados_publicos(2026, state)
    assert day not in feriados_publicos(2026, None)


DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
CALENDARS = st.builds(
    Calendario, st.sampled_from([None, "SP", "MG", "AC"]), st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)))
)


@settings(max_examples=60, deadline=None)
@given(CALENDARS, DAYS, st.integers(1, 30))
def test_a_deadline_is_a_business_day_with_the_right_number_between(
    calendar: Calendario, start: date, days: int
) -> None:
    end = calendar.somar_dias_uteis(start, days)
    between = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    assert calendar.dia_util(end)
    assert sum(map(calendar.dia_util, between)) == days


@settings(max_examples=60, deadline=None)
@given(DAYS, st.integers(0, 30), st.integers(0, 30))
def test_more_holidays_and_more_days_never_end_sooner(start: date, days: int, more: int) -> None:
    national, state = Calendario(), Calendario("SP")
    assert state.somar_dias_uteis(start, days) >= national.somar_dias_uteis(start, days)
    assert national.somar_dias_uteis(start, days + more) >= national.somar_dias_uteis(start, days)
