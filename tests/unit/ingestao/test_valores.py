"""What each column accepts, and the code for what it does not."""

from __future__ import annotations

import pytest

from handlers.ingestao.rules.valores import ValorInvalido, conferir, data_iso
from handlers.ingestao.tables.loader import table
from tests.unit.ingestao.files import csv_of, lines, patients

_PROFILE = table("colunas")["pacientes"]
_GOOD = {"nome": "Ana", "cpf": "833.686.716-34", "data_nascimento": "1974-09-30"}


@pytest.mark.parametrize(
    ("text", "declared", "iso"),
    [
        ("1974-09-30", None, "1974-09-30"),
        ("1974-03-04", None, "1974-03-04"),
        ("30/09/1974", None, "1974-09-30"),
        ("13/12/1974", None, "1974-12-13"),
        ("05/05/1974", None, "1974-05-05"),
        ("03/04/1980", "dd/mm/aaaa", "1980-04-03"),
        ("1980-04-03", "dd/mm/aaaa", "1980-04-03"),
        ("29/02/2000", None, "2000-02-29"),
    ],
)
def test_dates_that_can_be_read(text: str, declared: str | None, iso: str) -> None:
    assert data_iso(text, declared) == iso


@pytest.mark.parametrize(
    ("text", "declared", "code"),
    [
        ("03/04/1980", None, "data_ambigua"),
        ("12/01/1980", None, "data_ambigua"),
        ("30/09/1974", "iso", "data_formato"),
        ("3/4/1980", None, "data_formato"),
        ("03/04/80", None, "data_formato"),
        ("1974-09-30T00:00:00", None, "data_formato"),
        ("２０００-01-01", None, "data_formato"),
        ("12/31/1980", None, "data_inexistente"),
        ("30/02/1980", None, "data_inexistente"),
        ("1981-02-29", None, "data_inexistente"),
        ("1899-12-31", None, "data_implausivel"),
    ],
)
def test_dates_that_reject_the_row(text: str, declared: str | None, code: str) -> None:
    with pytest.raises(ValorInvalido) as refusal:
        data_iso(text, declared)
    assert refusal.value.codigo == code
    assert text not in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({}, ()),
        ({"cpf": "111.111.111-11"}, ("cpf_invalido",)),
        ({"cpf": "", "cns": "133288134140018"}, ()),
        ({"cpf": "", "cns": ""}, ("identificador_ausente",)),
        ({"cns": "133288134140019"}, ("cns_invalido",)),
        ({"nome": ""}, ("nome_ausente",)),
        ({"data_nascimento": ""}, ("data_nascimento_ausente",)),
        ({"sexo": "feminino"}, ("sexo_invalido",)),
        ({"crm": "12345678"}, ("crm_invalido",)),
        ({"uf": "XX"}, ("uf_invalida",)),
        ({"nome": "", "cpf": "1", "data_nascimento": "x"}, ("nome_ausente", "cpf_invalido", "data_formato")),
    ],
)
def test_every_error_of_a_row_is_reported(changes: dict[str, str], errors: tuple[str, ...]) -> None:
    assert conferir(_GOOD | changes, _PROFILE, None).erros == errors


def test_unknown_columns_are_kept() -> None:
    assert conferir(_GOOD | {"convenio": "X"}, _PROFILE, None).valores["convenio"] == "X"


def test_zeros_lost_by_a_spreadsheet_are_flagged_when_the_check_digits_agree() -> None:
    avaliacao = patients(csv_of("Ana;1234567890;;1990-01-31;F", "Bia;1234567891;;1990-01-31;F"))
    assert lines(avaliacao, "aviso_cpf_zeros_a_esquerda_perdidos") == [2]
    assert lines(avaliacao, "rejeitada_cpf_invalido") == [3]


def test_a_cpf_with_and_without_its_zeros_is_one_person() -> None:
    avaliacao = patients(csv_of("Ana;01234567890;;1990-01-31;F", "Ana;1234567890;;1990-01-31;F"))
    assert lines(avaliacao, "duplicada_repetida_no_arquivo") == [3]
