"""CSV into rows: delimiters, quotes, blank lines, broken rows, encodings; every row keeps its own bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.ingestao.leitura import linhas_csv
from handlers.ingestao.leitura.colunas import nome_de_campo
from handlers.ingestao.leitura.exame import ArquivoRecusado
from shared.register.records import Position
from tests.unit.ingestao.files import AMADEU, HEADER, ROSA, codes, csv_of, field, read

OK = ";833.686.716-34;;1974-09-30;F"


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_delimiters_and_line_ends(delimiter: str, newline: str) -> None:
    text = csv_of(ROSA, AMADEU).replace(";", delimiter).replace("\n", newline)
    rows = read(text)
    assert [field(row, "name") for row in rows] == ["Rosa Ivonete Carrilho", "Amadeu Tostes Junqueira"]
    assert [row.line for row in rows] == [2, 3]


def test_blank_lines_are_no_rows_and_cells_may_span_lines() -> None:
    text = f'\ufeff{HEADER};obs\n\n"Ana; Maria"{OK};"duas\nlinhas"\n;;;;;\n"Bia"{OK};x\n'
    rows = read(text)
    assert [(row.line, field(row, "name")) for row in rows] == [(3, "Ana; Maria"), (6, "Bia")]
    assert rows[0].person is not None and rows[0].person.extra == {"obs": "duas\nlinhas"}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (f"Ana{OK};x", "colunas_divergentes"),
        ("Ana;833.686.716-34", "colunas_divergentes"),
        (f'"Ana"x{OK}', "csv_ilegivel"),
        (f'"Ana{OK}', "aspas_nao_fechadas"),
        (f"An\0a{OK}", "byte_nulo"),
        (f"An\x07a{OK}", "caractere_de_controle"),
        (f"=cmd|' /C calc'!A0{OK}", "formula_suspeita"),
        (f"@SUM(1){OK}", "formula_suspeita"),
        (f"-{OK}", "formula_suspeita"),
        (f"12345{OK}", "nome_invalido"),
        (f"{'a' * 121}{OK}", "nome_longo"),
        (HEADER, "cabecalho_no_meio"),
        ("Ana;;133288134140018;30/09/1974;F;", "colunas_divergentes"),
        ("F;Ana;833.686.716-34;133288134140018;1974-09-30", "cpf_invalido"),  # shifted by one
    ],
)
def test_a_bad_row_has_a_code_and_its_neighbours_are_read(row: str, code: str) -> None:
    found = codes(csv_of(ROSA, row, AMADEU))
    assert [line for line, _ in found] == [2, 3, 4]
    assert (found[0][1], found[2][1]) == ((), ())
    assert code in found[1][1]


def test_an_open_quote_costs_its_own_line_only() -> None:
    found = codes(csv_of(f'"Ana{OK}', ROSA, f'"Bia{OK}', AMADEU))
    assert found == [(2, ("aspas_nao_fechadas",)), (3, ()), (4, ("aspas_nao_fechadas",)), (5, ())]


def test_a_line_that_never_ends_is_one_rejected_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linhas_csv, "LINE_MAX", 200)
    rows = read(csv_of(ROSA, "x" * 950, AMADEU))
    assert [(row.line, row.codes) for row in rows] == [(2, ()), (3, ("linha_longa",)), (4, ())]
    assert len(rows[1].raw) == 200


def test_an_open_quote_before_a_line_that_never_ends_costs_these_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for the end of the quote must not lose the place in the file."""
    monkeypatch.setattr(linhas_csv, "LINE_MAX", 200)
    content = csv_of(f'"Ana{OK}', "x" * 950, ROSA, AMADEU)
    rows = read(content)
    assert [(row.line, row.codes) for row in rows] == [
        (2, ("aspas_nao_fechadas",)),
        (3, ("linha_longa",)),
        (4, ()),
        (5, ()),
    ]
    assert [content.encode()[row.offset :].startswith(row.raw) for row in rows] == [True] * 4


def test_a_repeated_column_rejects_every_row() -> None:
    assert codes("nome;nome\nAna;1\nBia;2\n") == [(2, ("cabecalho_repetido",)), (3, ("cabecalho_repetido",))]


def test_what_a_spreadsheet_adds_costs_no_row() -> None:
    """Its own line before the header, and columns without a name after the last one."""
    rows = read("sep=;\r\n" + csv_of(f"{ROSA};;", f"{AMADEU};;sim", header=f"{HEADER};;"))
    assert [(row.line, row.codes) for row in rows] == [(3, ()), (4, ())]
    assert [row.person and row.person.extra for row in rows] == [None, {"coluna_7": "sim"}]
    assert read("sep=;\r\n" + csv_of(ROSA, AMADEU), start=Position(rows[1].offset, 4))[-1].codes == ()


@pytest.mark.parametrize("text", ['"nome;cpf\nAna;1\n', '"nome"x;cpf\n'])
def test_without_a_header_nothing_can_be_read(text: str) -> None:
    with pytest.raises(ArquivoRecusado, match="cabecalho_ilegivel"):
        read(text)


def test_latin_1_is_recognised_and_a_few_bad_bytes_do_not_make_it_so() -> None:
    accented = [f"Conceição {n}{OK}" for n in range(20)]
    assert field(read(csv_of(*accented).encode("latin-1"))[0], "name") == "Conceição 0"
    mixed = csv_of(*accented).encode() + f"Jos\xe9{OK}\n".encode("latin-1")
    rows = read(mixed)
    assert field(rows[0], "name") == "Conceição 0"
    assert rows[-1].codes == ("codificacao_invalida",)


def test_text_is_normalised_to_nfc_with_single_spaces() -> None:
    assert field(read(csv_of(f"  Jose\u0301   Lima {OK}"))[0], "name") == "José Lima"


def test_dangerous_extra_columns_are_kept_and_flagged() -> None:
    (row,) = read(csv_of(ROSA + ";=1+1;-12,5", header=HEADER + ";obs;saldo"))
    assert row.codes == ("formula_em_coluna_extra",)
    assert row.person is not None and row.person.extra == {"obs": "=1+1", "saldo": "-12,5"}


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_whatever_the_bytes_rows_lie_in_order_and_are_given_back_as_they_came(noise: bytes) -> None:
    content = csv_of(ROSA).encode() + noise
    rows = read(content)
    end = 0
    for row in rows:
        assert row.offset >= end
        assert content[row.offset : row.offset + len(row.raw)] == row.raw
        end = row.offset + len(row.raw)
        assert (row.person is None) <= bool(row.codes)


@given(
    st.lists(st.sampled_from([ROSA, AMADEU, f'"Ana{OK}', '"', "", ";;;;", f'"a\nb"{OK}', "x\0"]), max_size=12),
    st.data(),
)
@settings(max_examples=200, deadline=None)
def test_reading_goes_on_at_any_row_as_if_it_had_never_stopped(lines: list[str], data: st.DataObject) -> None:
    content = csv_of(*lines)
    rows = read(content)
    if rows:
        place = data.draw(st.integers(0, len(rows) - 1))
        assert read(content, start=Position(rows[place].offset, rows[place].line)) == rows[place:]


@pytest.mark.parametrize(
    ("column", "mapping", "field_name"),
    [
        ("Nome", {}, "nome"),
        (" DATA DE NASCIMENTO ", {}, "data_nascimento"),
        ("Dt. Nascimento", {}, "data_nascimento"),
        ("Cartão SUS", {}, "cns"),
        ("Nome da Mãe", {}, "nome_mae"),
        ("X1", {"X1": "cpf"}, "cpf"),
        ("Convênio", {}, "convenio"),
    ],
)
def test_names_of_columns(column: str, mapping: dict[str, str], field_name: str) -> None:
    assert nome_de_campo(column, mapping) == field_name
