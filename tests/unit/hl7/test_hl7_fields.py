"""Times, numbers and ranges, with and without what the standard asks for."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from shared.hl7.fields import Number, Range, day, moment, number, reference_range

ZONE = ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("written", "meant", "assumed"),
    [
        ("202611200810", "2026-11-20T08:10:00-03:00", True),
        ("20261120081030", "2026-11-20T08:10:30-03:00", True),
        ("20261120081030.25-0400", "2026-11-20T08:10:30.250000-04:00", False),
        ("202611200810+0530", "2026-11-20T08:10:00+05:30", False),
        ("201801150810", "2018-01-15T08:10:00-02:00", True),  # summer time, as it was then
    ],
)
def test_a_time_is_in_its_zone_or_in_the_hospitals(written: str, meant: str, assumed: bool):
    found = moment(written, ZONE)
    assert (found.value.isoformat(), found.assumed_zone) == (meant, assumed)


@pytest.mark.parametrize(
    "written", ["20261120", "2026", "", "20261320080000", "202611202561", "ontem", "202611200810+9900"]
)
def test_a_time_that_would_be_a_guess_is_refused(written: str):
    with pytest.raises(ValueError, match=r"data|fuso"):
        moment(written, ZONE)


@pytest.mark.parametrize(("written", "meant"), [("19810314", "1981-03-14"), ("198103141530-0300", "1981-03-14")])
def test_a_day_is_the_date_as_written(written: str, meant: str):
    assert day(written) == meant


@pytest.mark.parametrize("written", ["1981", "198103", "19810230", "1981-03-14", "٢٠٢٦١١٢٠"])
def test_a_day_that_is_none_is_refused(written: str):
    with pytest.raises(ValueError, match="data"):
        day(written)


@pytest.mark.parametrize(
    ("written", "strict", "meant"),
    [
        ("10.2", True, Number(Decimal("10.2"))),
        ("10,2", False, Number(Decimal("10.2"))),
        ("5.200", True, Number(Decimal("5.200"))),
        ("5.200,5", False, Number(Decimal("5200.5"))),
        ("1.234.567", False, Number(Decimal("1234567.0"))),
        ("<5", False, Number(Decimal(5), "<")),
        ("≥ 12,5", False, Number(Decimal("12.5"), ">=")),
    ],
)
def test_numbers_as_laboratories_write_them(written: str, strict: bool, meant: Number):
    assert number(written, strict_dot=strict) == meant


@pytest.mark.parametrize("written", ["5.200", "", "abc", "1,2,3", "1e5", "NaN", "١٢", "12 mil"])
def test_a_number_that_may_mean_two_is_refused(written: str):
    with pytest.raises(ValueError, match=r"ambíguo|número"):
        number(written)


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ("12.0-16.0", "12.0", "16.0"),
        ("12,0 a 16,0", "12.0", "16.0"),
        ("<5", None, "5"),
        ("> 40", "40", None),
        ("até 10", None, "10"),
        ("150 - 450", "150", "450"),
    ],
)
def test_reference_ranges(written: str, low: str | None, high: str | None):
    found = reference_range(written)
    assert found == Range(Decimal(low) if low else None, Decimal(high) if high else None)


@pytest.mark.parametrize("written", ["", "negativo", "12", "H: 13-17 M: 12-16", "a-b"])
def test_a_range_in_words_is_refused(written: str):
    with pytest.raises(ValueError, match=r"referência|número"):
        reference_range(written)
