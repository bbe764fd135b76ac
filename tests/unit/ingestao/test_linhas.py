"""Text into rows: delimiters, quotes, blank lines, broken rows, names of columns."""

from __future__ import annotations

import pytest

from handlers.ingestao.rules.linhas import Linha, ler_csv, ler_ndjson, nome_de_campo


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_delimiters_and_line_ends(delimiter: str, newline: str) -> None:
    text = newline.join([f"nome{delimiter}cpf", f"Ana{delimiter}1", ""])
    assert list(ler_csv(text, {})) == [Linha(2, {"nome": "Ana", "cpf": "1"})]


def test_byte_order_mark_blank_lines_and_quotes() -> None:
    text = '\ufeffnome;cpf\n\n"Ana; Maria";1\n;\n"duas\nlinhas";2\nBia;3\n'
    assert [(row.numero, row.campos["nome"]) for row in ler_csv(text, {})] == [
        (3, "Ana; Maria"),
        (5, "duas\nlinhas"),
        (7, "Bia"),
    ]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("nome;cpf\nAna\nBia;2\n", [(2, "colunas_divergentes"), (3, None)]),
        ("nome;cpf\nAna;1;x\n", [(2, "colunas_divergentes")]),
        ("nome;nome\nAna;1\nBia;2\n", [(2, "cabecalho_repetido"), (3, "cabecalho_repetido")]),
        ('nome;cpf\n"Ana"x;1\nBia;2\n', [(2, "csv_ilegivel"), (3, None)]),
        ('nome;cpf\nAna;1\n"Bia;2\nCaio;3\n', [(2, None), (3, "aspas_nao_fechadas")]),
        ('"nome;cpf\nAna;1\n', [(1, "cabecalho_ilegivel")]),
        ("", []),
    ],
)
def test_broken_csv(text: str, rows: list[tuple[int, str | None]]) -> None:
    assert [(row.numero, row.erro) for row in ler_csv(text, {})] == rows


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('{"nome": "Ana"}', None),
        ("{", "json_ilegivel"),
        ("[" * 100_000, "json_ilegivel"),
        ("[1]", "json_nao_e_objeto"),
        ('"x"', "json_nao_e_objeto"),
        ('{"nome": {"a": 1}}', "valor_aninhado"),
        ('{"nome": "A", "nome": "B"}', "json_ilegivel"),
        ('{"nome": "A", "Nome": "B"}', "campo_repetido"),
    ],
)
def test_ndjson(line: str, error: str | None) -> None:
    good = '{"nome": "Bia"}'
    assert [(r.numero, r.erro) for r in ler_ndjson(f"{line}\n\n{good}", {})] == [(1, error), (3, None)]


def test_json_numbers_keep_their_digits_and_null_is_empty() -> None:
    (row,) = ler_ndjson('{"cpf": 83368671634, "valor": 1.10, "cns": null}', {})
    assert row.campos == {"cpf": "83368671634", "valor": "1.10", "cns": ""}


def test_a_line_separator_inside_a_json_string_ends_no_row() -> None:
    assert len(list(ler_ndjson('{"nome": "a\u2028b"}', {}))) == 1


def test_text_is_normalised_to_nfc() -> None:
    (row,) = ler_csv("nome\nJose\u0301\n", {})
    assert row.campos["nome"] == "José"


@pytest.mark.parametrize(
    ("column", "mapping", "field"),
    [
        ("Nome", {}, "nome"),
        (" DATA DE NASCIMENTO ", {}, "data_nascimento"),
        ("Dt. Nascimento", {}, "data_nascimento"),
        ("Cartão SUS", {}, "cns"),
        ("X1", {"X1": "cpf"}, "cpf"),
        ("Convênio", {}, "convenio"),
    ],
)
def test_names_of_columns(column: str, mapping: dict[str, str], field: str) -> None:
    assert nome_de_campo(column, mapping) == field
