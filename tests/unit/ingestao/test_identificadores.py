"""Our integer arithmetic and the library's say the same of every number."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from validate_docbr import CNS, CPF

from bench.ingest_file import cns_of, cpf_of
from handlers.ingestao.rules.identificadores import cns_confere, cpf_confere

_digits = st.text(alphabet="0123456789", min_size=9, max_size=9)
_cns = st.builds(
    lambda first, rest: first + rest, st.sampled_from("0123456789"), st.text("0123456789", min_size=14, max_size=14)
)


@given(_digits, st.text("0123456789", min_size=2, max_size=2))
@settings(max_examples=500)
def test_any_cpf(body: str, check: str) -> None:
    assert cpf_confere(body + check) == (CPF().validate(body + check) and len(set(body + check)) > 1)


@given(_digits)
@settings(max_examples=500)
def test_a_cpf_is_right_with_exactly_one_pair_of_check_digits(body: str) -> None:
    right = cpf_of(int(body))
    assert cpf_confere(right) == (len(set(right)) > 1) == (CPF().validate(right) and len(set(right)) > 1)


@given(_cns)
@settings(max_examples=1000)
def test_any_cns(number: str) -> None:
    assert cns_confere(number) == CNS().validate(number)


@given(st.integers(0, 9_999_999_999))
@settings(max_examples=500)
def test_a_definitive_cns_and_its_neighbours(number: int) -> None:
    right = cns_of(number)
    assert cns_confere(right) and CNS().validate(right)
    for place in (0, 10, 11, 13, 14):
        other = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
        assert cns_confere(other) == CNS().validate(other)


@given(st.sampled_from("789"), st.text("0123456789", min_size=13, max_size=13))
@settings(max_examples=300)
def test_a_provisional_cns_has_at_most_one_last_digit(first: str, body: str) -> None:
    right = [digit for digit in "0123456789" if cns_confere(first + body + digit)]
    assert right == [digit for digit in "0123456789" if CNS().validate(first + body + digit)]
