"""The table of cases: what one row becomes, given what the register holds. On both databases."""

from __future__ import annotations

import pytest

from shared.register.schema import link_candidates, register_history, register_identifiers
from tests.integration.register.loads import AMADEU, ROSA, Loads, counted, csv_of

# What comes after ROSA and AMADEU are known, and what becomes of it.
CASES = [
    ("the same again", ROSA, "duplicado", ""),
    (
        "in another writing",
        ROSA.replace("83368671634", "833.686.716-34").replace("1974-09-30", "30/09/1974"),
        "duplicado",
        "",
    ),
    ("fewer columns filled", "Rosa Ivonete Carrilho;;83368671634;;;1974-09-30;;", "duplicado", ""),
    ("a new health plan", ROSA.replace("SUS", "Saúde Norte"), "atualizado", ""),
    ("by CNS alone", "Rosa Ivonete Carrilho;;;133288134140018;;1974-09-30;M;", "atualizado", ""),
    ("by record number of the same origin", "Rosa Ivonete Carrilho;;;;10;1974-09-30;F;Novo", "atualizado", ""),
    (
        "a CNS that was unknown",
        AMADEU.replace("80002822083;", "80002822083;158081376290004"),
        "atualizado",
        "identificador_novo",
    ),
    ("another birth date", ROSA.replace("1974-09-30", "1975-09-30"), "ambiguo", "data_nascimento_divergente"),
    (
        "CPF of one, CNS of another",
        AMADEU.replace("80002822083;", "80002822083;133288134140018"),
        "ambiguo",
        "identificadores_de_pessoas_diferentes",
    ),
    (
        "another CPF for the same CNS",
        "Rosa Ivonete Carrilho;;52998224725;133288134140018;;1974-09-30;F;",
        "ambiguo",
        "cpf_divergente",
    ),
    ("the mother's CPF on a twin", "Zuleica Carrilho;;83368671634;;;1974-09-30;F;", "ambiguo", "nome_divergente"),
    ("somebody else", "Bia Lemos;;52998224725;;;1990-02-14;F;", "inserido", ""),
    (
        "one who sounds the same, without a number in common",
        "Rosa Ivonete Carrilo;;;;99;1974-09-30;F;",
        "inserido",
        "possivel_mesma_pessoa",
    ),
    ("the same name with another CPF", "Rosa Ivonete Carrilho;;52998224725;;;1974-09-30;F;", "inserido", ""),
    (
        "by mother's name after a marriage",
        "Rosa Ivonete Tavares;Ivonete Carrilho;;;98;1974-09-30;F;",
        "inserido",
        "possivel_mesma_pessoa",
    ),
    ("a sister of the same day", "Paula Carrilho;Ivonete Prado Carrilho;;;97;1974-09-30;F;", "inserido", ""),
]


@pytest.mark.parametrize(("row", "disposition", "codes"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_row_after_two_known_people(loads: Loads, row: str, disposition: str, codes: str) -> None:
    counted(loads.load(csv_of(ROSA, AMADEU)))
    counted(loads.load(csv_of(row) + "\n"))
    assert loads.outcomes()[2:] == [(2, disposition, codes)]
    apart = loads.outcomes(), len(loads.all(link_candidates)), len(loads.all(register_history))
    assert apart[1] == (disposition == "ambiguo" or codes == "possivel_mesma_pessoa")
    assert apart[2] == (disposition == "atualizado")
    # Dispositions do not depend on whether the rows came in one file.
    assert loads.outcomes()[2][1:] == (disposition, codes)


def test_one_file_decides_as_two_do(loads: Loads) -> None:
    rows = [row for _, row, _, _ in CASES[:12]]
    counted(loads.load(csv_of(ROSA, AMADEU, ROSA, *rows[7:10])))
    assert [outcome[1] for outcome in loads.outcomes()] == ["inserido"] * 2 + ["duplicado"] + ["ambiguo"] * 3


def test_an_update_keeps_what_was_there(loads: Loads) -> None:
    loads.load(csv_of(ROSA))
    loads.load(csv_of(ROSA.replace("SUS", "Particular")))
    (person,) = loads.people()
    (history,) = loads.all(register_history)
    assert (person["extra"], person["version"]) == ({"convenio": "Particular"}, 2)
    assert (history["image"]["extra"], history["version"]) == ({"convenio": "SUS"}, 1)
    assert history["cause"].startswith("ingestion:")


def test_nothing_is_searched_by_a_number_in_the_clear(loads: Loads) -> None:
    loads.load(csv_of(ROSA, AMADEU))
    blinds = {row["blind"] for row in loads.all(register_identifiers)}
    assert len(blinds) == 5
    assert not {"83368671634", "133288134140018", "80002822083", "10", "11"} & blinds


def test_equal_record_numbers_of_two_origins_are_two_people(loads: Loads) -> None:
    loads.load(csv_of("Ana Lima;;;;7;1990-01-31;F;"), origem="hospital A")
    loads.load(csv_of("Bia Reis;;;;7;1991-01-31;F;"), origem="hospital B")
    assert [outcome[1] for outcome in loads.outcomes()] == ["inserido", "inserido"]


def test_physicians_are_one_per_council_number_and_state(loads: Loads) -> None:
    header = "nome;crm;uf;cns"
    rows = ("Ana Reis;104873;SP;", "Bia Lemos;104873;MG;", "Ana Reis;104873;sp;", "Ana Reis;104873;SP;158081376290004")
    counted(loads.load(csv_of(*rows, header=header), "medicos"))
    assert [outcome[1] for outcome in loads.outcomes()] == ["inserido", "inserido", "duplicado", "atualizado"]


def test_a_mixed_file_holds_both(loads: Loads) -> None:
    header = "nome;cpf;data_nascimento;crm;uf"
    text = csv_of("Ana Lima;52998224725;1990-01-31;;", "Caio Reis;;;77102;SP", header=header)
    assert counted(loads.load(text, "ingestao")) == {"inseridas": 2}


_ONE = "Rosa Ivonete Carrilho;;83368671634;;;1974-09-30;F;"
_OTHER = "Rosa Ivonete Carrilo;;52998224725;;;1974-09-30;F;"
_NO_CPF = "Rosa Ivonete Carrilo;;;;10;1974-09-30;F;"
_NOR_THIS = "Rosa Ivonete Carilho;;;;11;1974-09-30;F;"


@pytest.mark.parametrize("together", [True, False], ids=["one file", "two files"])
@pytest.mark.parametrize(
    ("first", "second", "questions"),
    [(_ONE, _NO_CPF, 1), (_NO_CPF, _ONE, 1), (_NO_CPF, _NOR_THIS, 1), (_ONE, _OTHER, 0)],
    ids=["then without CPF", "without CPF first", "neither has a CPF", "two CPFs"],
)
def test_people_are_asked_about_unless_each_has_a_cpf(
    loads: Loads, together: bool, first: str, second: str, questions: int
) -> None:
    for rows in [(first, second)] if together else [(first,), (second,)]:
        loads.load(csv_of(*rows))
    assert len(loads.all(link_candidates)) == questions
