from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from validate_docbr import CNS, CPF

from shared.clinical import identifiers as ids


@pytest.mark.parametrize(
    ("check", "given_text", "normal"),
    [
        (ids.cpf_number, "529.982.247-25", "52998224725"),
        (ids.cpf_number, " 52998224725 ", "52998224725"),
        (ids.cnpj_number, "12.ABC.345/01DE-35", "12ABC34501DE35"),
        (ids.cnpj_number, "12abc34501de35", "12ABC34501DE35"),
        (ids.cns_number, "700 0000 0000 0005", "700000000000005"),
        (ids.cid10_code, "j189", "J18.9"),
        (ids.cid10_code, "I10", "I10"),
        (ids.crm_number, "12345-p", "12345P"),
        (ids.tuss_code, "4.03.04.36-1", "40304361"),
        (ids.sigtap_code, "02.02.02.038-0", "0202020380"),
    ],
)
def test_one_normal_form(check: Callable[[str], str], given_text: str, normal: str) -> None:
    assert check(given_text) == normal


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        (ids.cpf_number, "11111111111"),
        (ids.cpf_number, "52998224724"),
        (ids.cpf_number, "5299822472"),
        (ids.cpf_number, "５２９９８２２４７２５"),
        (ids.cpf_number, ""),
        (ids.cnpj_number, "12ABC34501DE36"),
        (ids.cnpj_number, "12ABC34501DEAB"),
        (ids.cnpj_number, "12\u0131BC34501DE35"),
        (ids.cns_number, "300000000000005"),
        (ids.cns_number, "700000000000006"),
        (ids.cid10_code, "J1"),
        (ids.cid10_code, "J18.99"),
        (ids.cid10_code, "189"),
        (ids.crm_number, "12345678"),
        (ids.crm_number, "PP1"),
        (ids.cnes_number, "123456"),
    ],
)
def test_refusals_give_a_reason_and_never_the_value(check: Callable[[str], str], wrong: str) -> None:
    with pytest.raises(ValueError, match=r"\w+") as refusal:
        check(wrong)
    assert not wrong or wrong not in str(refusal.value)


def test_a_definitive_cns_that_only_passes_mod_11_is_refused() -> None:
    """The full rule rebuilds digits 12 to 15 from the PIS; 1 and 2 with a mere multiple of 11 are invalid."""
    body = "10000000001"
    mod11_only = next(
        body + tail
        for tail in (f"{n:04d}" for n in range(2000, 10_000))
        if sum(int(d) * (15 - i) for i, d in enumerate(body + tail)) % 11 == 0
    )
    with pytest.raises(ValueError, match="dígito verificador"):
        ids.cns_number(mod11_only)


def test_generated_identifiers_are_accepted() -> None:
    for _ in range(200):
        assert ids.cpf_number(CPF().generate(mask=True))
        assert ids.cns_number(CNS().generate(mask=True))


@given(st.integers(0, 10), st.integers(1, 9))
def test_a_single_wrong_digit_of_a_cpf_is_always_caught(position: int, shift: int) -> None:
    good = "52998224725"
    digit = (int(good[position]) + shift) % 10
    with pytest.raises(ValueError, match="CPF"):
        ids.cpf_number(good[:position] + str(digit) + good[position + 1 :])


def test_empirical_check_digits_agree_on_official_codes_and_only_answer() -> None:
    assert ids.tuss_check_digit_agrees("40304361")
    assert ids.sigtap_check_digit_agrees("0202020380")
    assert ids.sigtap_check_digit_agrees("0408040084")
    assert not ids.tuss_check_digit_agrees("40304362")


def test_anvisa_is_a_format_only() -> None:
    assert ids.anvisa_registration_format_agrees("80000000001")
    assert not ids.anvisa_registration_format_agrees("30000000001")
    assert not ids.anvisa_registration_format_agrees("8000000000")


def test_the_compact_form_is_what_prefix_tables_use() -> None:
    assert ids.cid10_compact("J18.9") == "J189"
