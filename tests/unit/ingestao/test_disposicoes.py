"""One disposition per row; the sum is the rows read; no value leaves."""

from __future__ import annotations

import random

import pytest

from handlers.ingestao.rules.disposicoes import dispor
from handlers.ingestao.rules.linhas import ler_csv
from handlers.ingestao.tables.loader import table
from tests.unit.ingestao.files import (
    AMADEU,
    HEADER,
    ROSA,
    VALUES,
    counts,
    csv_of,
    lines,
    ndjson_of,
    patients,
    physicians,
    records,
)

_BROKEN = [
    "Ana;123.456.789-00;;1990-01-31;F",
    "Ana;;133288134140019;1990-01-31;F",
    "Ana;;;1990-01-31;F",
    ";833.686.716-34;;1974-09-30;F",
    "Ana;833.686.716-34;;03/04/1980;F",
    "Ana;833.686.716-34;;1974-09-30",
    "Ana;833.686.716-34;;1974-09-30;X",
]


def test_good_rows_are_fit_and_never_called_inserted() -> None:
    avaliacao = patients(csv_of(ROSA, AMADEU))
    assert counts(avaliacao) == (2, 2, 0, 0, 0)
    assert any("nenhuma linha foi gravada" in line for line in avaliacao.nao_avaliado)
    assert not {"inserido", "atualizado"} & set(avaliacao.calculos)


def test_the_same_content_in_another_writing_is_a_duplicate() -> None:
    again = "Rosa Ivonete Carrilho;83368671634;133 2881 3414 0018;30/09/1974;f"
    avaliacao = patients(csv_of(ROSA, AMADEU, again))
    assert counts(avaliacao) == (3, 2, 1, 0, 0)
    assert lines(avaliacao, "duplicada_repetida_no_arquivo") == [4]


def test_another_birth_date_for_one_cpf_makes_both_rows_ambiguous() -> None:
    other = "Rosa Ivonete Carrilho;833.686.716-34;133288134140018;1974-10-30;F"
    avaliacao = patients(csv_of(ROSA, AMADEU, other))
    assert counts(avaliacao) == (3, 1, 0, 2, 0)
    assert lines(avaliacao, "ambigua_data_nascimento_divergente") == [2, 4]


def test_other_content_for_one_identifier_is_ambiguous() -> None:
    other = "Rosa I. Carrilho;;133288134140018;1974-09-30;F"
    avaliacao = patients(csv_of(ROSA, other))
    assert counts(avaliacao) == (2, 0, 0, 2, 0)
    assert lines(avaliacao, "ambigua_conteudo_divergente") == [2, 3]


def test_a_rejected_row_contradicts_nobody() -> None:
    assert counts(patients(csv_of(ROSA, ROSA.replace("1974-09-30", "31/02/1974")))) == (2, 1, 0, 0, 1)


def test_physicians_are_one_per_crm_and_state() -> None:
    text = csv_of("Ana;104873;SP;", "Bia;104873;MG;", "Ana;104873;sp;", header="nome;crm;uf;cns")
    assert counts(physicians(text)) == (3, 2, 1, 0, 0)


def test_records_without_identifiers_are_compared_as_a_whole() -> None:
    avaliacao = records(ndjson_of({"leito": "12", "ala": "B"}, {"ala": "B", "leito": "12"}, {"leito": "13"}))
    assert counts(avaliacao) == (3, 2, 1, 0, 0)


@pytest.mark.parametrize("seed", range(20))
def test_the_dispositions_sum_to_the_rows_read(seed: int) -> None:
    rng = random.Random(seed)
    rows = [rng.choice([ROSA, AMADEU, *_BROKEN, "", '"']) for _ in range(rng.randrange(60))]
    avaliacao = patients(csv_of(*rows))
    read, *parts = counts(avaliacao)
    assert sum(parts) == read
    evaluated = dispor(ler_csv(csv_of(*rows), {}), table("colunas")["pacientes"], None)
    assert len(evaluated) == read
    assert len({linha.numero for linha in evaluated}) == read


def test_every_non_blank_row_without_quotes_is_read() -> None:
    rows = [ROSA, "", AMADEU, "   ", *_BROKEN]
    assert counts(patients(csv_of(*rows)))[0] == 2 + len(_BROKEN)


def test_no_value_of_the_file_leaves() -> None:
    other = ROSA.replace("1974-09-30", "1974-10-30")
    text = patients(csv_of(ROSA, AMADEU, other, *_BROKEN)).model_dump_json()
    assert [value for value in VALUES if value in text] == []


def test_a_large_file_of_one_person_stays_linear() -> None:
    text = csv_of(*[ROSA] * 12_000)
    assert counts(patients(text)) == (12_000, 1, 11_999, 0, 0)


def test_line_numbers_shown_are_capped_and_the_count_is_not() -> None:
    avaliacao = patients(csv_of(*[_BROKEN[0]] * 70))
    assert len(lines(avaliacao, "rejeitada_cpf_invalido")) == 50
    assert avaliacao.calculos["rejeitada.cpf_invalido"] == 70


def test_an_empty_file_says_so() -> None:
    avaliacao = patients(HEADER)
    assert counts(avaliacao) == (0, 0, 0, 0, 0)
    assert "arquivo_sem_linhas" in [a.codigo for a in avaliacao.achados]
