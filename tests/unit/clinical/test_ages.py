from __future__ import annotations

from datetime import date, timedelta

import pytest

from shared.clinical.ages import Age, age_in_days, age_in_months, age_in_years, refuse_impossible_age


@pytest.mark.parametrize(
    ("birth", "on", "days", "months", "years"),
    [
        (date(2026, 1, 1), date(2026, 1, 1), 0, 0, 0),
        (date(2026, 1, 31), date(2026, 2, 28), 28, 0, 0),
        (date(2026, 1, 31), date(2026, 3, 1), 29, 1, 0),
        (date(2004, 2, 29), date(2026, 2, 28), 8035, 263, 21),
        (date(2004, 2, 29), date(2026, 3, 1), 8036, 264, 22),
        (date(1990, 11, 20), date(2026, 11, 19), 13148, 431, 35),
        (date(1990, 11, 20), date(2026, 11, 20), 13149, 432, 36),
    ],
)
def test_completed_units(birth: date, on: date, days: int, months: int, years: int) -> None:
    assert (age_in_days(birth, on), age_in_months(birth, on), age_in_years(birth, on)) == (days, months, years)


def test_a_birth_after_the_date_is_refused() -> None:
    with pytest.raises(ValueError, match="posterior"):
        age_in_days(date(2026, 1, 2), date(2026, 1, 1))


def test_nobody_is_older_than_anybody_has_been() -> None:
    refuse_impossible_age(date(1896, 11, 21), date(2026, 11, 20) + timedelta(days=365))
    with pytest.raises(ValueError, match="130 anos"):
        refuse_impossible_age(date(1895, 11, 20), date(2026, 11, 20))
    with pytest.raises(ValueError, match="posterior"):
        refuse_impossible_age(date(2026, 11, 21), date(2026, 11, 20))


def test_bands_include_their_start_and_not_their_end() -> None:
    birth = date(2020, 6, 15)
    assert not Age.at(birth, date(2020, 12, 14)).within("6m", "2a")
    assert Age.at(birth, date(2020, 12, 15)).within("6m", "2a")
    assert Age.at(birth, date(2022, 6, 14)).within("6m", "2a")
    assert not Age.at(birth, date(2022, 6, 15)).within("6m", "2a")
    assert Age.at(birth, date(2120, 6, 15)).within("18a", None)


def test_a_malformed_threshold_is_refused() -> None:
    with pytest.raises(ValueError, match="limite de idade"):
        Age(1, 0, 0).reached("6 meses")
