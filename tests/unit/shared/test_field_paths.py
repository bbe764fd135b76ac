"""Where a field is, never what somebody wrote as its name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.field_paths import field_path


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        (("paciente", "cpf"), "paciente.cpf"),
        (("itens", 3, "codigo"), "itens.3.codigo"),
        ((), "(corpo)"),
        (("Maria da Silva",), "(nome ilegível)"),
        (("mapeamento", "Maria"), "mapeamento.(nome ilegível)"),
        (("cpf_39053344705",), "(nome ilegível)"),
        (("itens", "123.456.789-09"), "itens.(nome ilegível)"),
        (("x" * 65,), "(nome ilegível)"),
        (("a\x00",), "(nome ilegível)"),
        (("a\n",), "(nome ilegível)"),
    ],
)
def test_plain_names_are_shown_and_others_are_not(location: tuple[int | str, ...], shown: str) -> None:
    assert field_path(location) == shown


@given(st.lists(st.text() | st.integers(0, 99), max_size=5))
def test_a_path_is_always_plain_text_that_any_store_keeps(location: list[int | str]) -> None:
    assert field_path(location).isprintable()
