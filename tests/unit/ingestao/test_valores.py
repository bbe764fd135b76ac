"""What each column accepts, and the code for what it does not."""

from __future__ import annotations

import pytest

from handlers.ingestao.rules import valores
from handlers.ingestao.rules.pessoas import Leitura, de_campos
from shared.register.records import Kind
from tests.unit.ingestao.files import PATIENTS, TODAY, codes, csv_of

_HOW = Leitura(None, "teste", TODAY, PATIENTS)
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
    found, code = valores.nascimento(text, declared)
    assert (str(found), code) == (iso, None)


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
    assert valores.nascimento(text, declared) == (None, code)


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({}, ()),
        ({"cpf": "111.111.111-11"}, ("cpf_invalido",)),
        ({"cpf": "８3368671634"}, ("cpf_invalido",)),
        ({"cpf": "8.33686716E+10"}, ("cpf_notacao_cientifica",)),
        ({"cns": "1,33288E+14"}, ("cns_notacao_cientifica",)),
        ({"cpf": "", "cns": "133 2881 3414 0018"}, ()),
        ({"cpf": "", "prontuario": "A-10"}, ()),
        ({"cpf": "", "prontuario": "=A1"}, ("formula_suspeita",)),
        ({"cpf": "", "cns": ""}, ("identificador_ausente",)),
        ({"cns": "133288134140019"}, ("cns_invalido",)),
        ({"nome": ""}, ("nome_ausente",)),
        ({"nome": "123"}, ("nome_invalido",)),
        ({"nome": "RN 2 de Maria"}, ()),
        ({"nome_mae": "x" * 121}, ("nome_mae_longo",)),
        ({"data_nascimento": ""}, ("data_nascimento_ausente",)),
        ({"data_nascimento": "2026-11-21"}, ("data_futura",)),
        ({"sexo": "Feminino"}, ()),
        ({"sexo": "X"}, ("sexo_invalido",)),
        ({"sexo": "ignorado"}, ()),
        ({"peso_kg": "70,5"}, ()),
        ({"peso_kg": "setenta"}, ("peso_kg_invalido",)),
        ({"obs": "x" * 1001}, ("texto_longo",)),
        ({"nome": "", "cpf": "1", "data_nascimento": "x"}, ("nome_ausente", "data_formato", "cpf_invalido")),
    ],
)
def test_every_error_of_a_row_is_reported(changes: dict[str, str], errors: tuple[str, ...]) -> None:
    person, found = de_campos(_HOW, _GOOD | changes)
    assert found == errors
    assert (person is None) == bool(errors)


def test_a_decimal_comma_and_unknown_columns_are_kept_in_normal_form() -> None:
    person, _ = de_campos(_HOW, _GOOD | {"peso_kg": "70,5", "convenio": "X"})
    assert person is not None and person.extra == {"peso_kg": "70.5", "convenio": "X"}


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({}, ()),
        ({"crm": "12345678"}, ("crm_invalido",)),
        ({"crm": ""}, ("crm_ausente",)),
        ({"uf": "XX"}, ("uf_invalida",)),
        ({"uf": ""}, ("uf_ausente",)),
        ({"cpf": "1"}, ("cpf_invalido",)),
    ],
)
def test_a_physician(changes: dict[str, str], errors: tuple[str, ...]) -> None:
    how = Leitura(None, "teste", TODAY, frozenset({Kind.PHYSICIAN}))
    assert de_campos(how, {"nome": "Ana", "crm": "104873", "uf": "sp"} | changes)[1] == errors


def test_zeros_lost_by_a_spreadsheet_are_flagged_when_the_check_digits_agree() -> None:
    found = codes(csv_of("Ana;1234567890;;1990-01-31;F", "Bia;1234567891;;1990-01-31;F"))
    assert found == [(2, ("cpf_zeros_a_esquerda_perdidos",)), (3, ("cpf_invalido",))]
