"""The few windows of digits that are looked at are all that a check digit would let pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clinical.identifiers import cns_number, cpf_number
from shared.privacy.digit_windows import CNS, CPF, DigitWindows

DIGITS = st.text("0123456789", max_size=60)


def passes(check: object, number: str) -> bool:
    try:
        check(number)  # type: ignore[operator]
    except ValueError:
        return False
    return True


@given(before=DIGITS, number=st.sampled_from(["52998224725", "11144477735", "700501892345675", "898000000043208"]))
def test_no_number_with_right_check_digits_is_left_out(before: str, number: str) -> None:
    digits = before + number + before[::-1]
    windows = DigitWindows(" . ".join(digits))
    for length, check, found in ((CPF, cpf_number, windows.of_cpf()), (CNS, cns_number, windows.of_cns())):
        every = range(len(digits) - length + 1)
        right = {first for first in every if passes(check, digits[first : first + length])}
        assert right <= set(found)


def test_of_random_numbers_few_are_left() -> None:
    digits = "".join(str(number * 7919 % 1000) for number in range(3_000))
    windows = DigitWindows(digits)
    assert len(list(windows.of_cpf())) < len(digits) / 20
    assert len(list(windows.of_cns())) < len(digits) / 5


@pytest.mark.parametrize("text", ["", "a", "1234567890", "\u0661" * 20])
def test_too_few_digits_make_no_window(text: str) -> None:
    windows = DigitWindows(text)
    assert [*windows.of_cpf(), *windows.of_cns()] == []
