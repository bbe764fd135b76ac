"""NDJSON, FHIR Bundles and HL7 batches as rows: each with its bytes, each with its code."""

from __future__ import annotations

import io
import json
from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.ingestao.leitura import linhas_fhir
from handlers.ingestao.leitura.colunas import Nomes
from handlers.ingestao.leitura.exame import ArquivoRecusado
from handlers.ingestao.leitura.linhas_csv import ler_csv
from handlers.ingestao.leitura.linhas_fhir import ler_fhir
from handlers.ingestao.leitura.linhas_hl7 import ler_hl7
from handlers.ingestao.leitura.linhas_ndjson import ler_ndjson
from handlers.ingestao.leitura.lotes_hl7 import contagens_divergentes
from handlers.ingestao.rules.pessoas import Leitura
from shared.register.records import Kind, Position
from tests.unit.ingestao.files import PATIENTS, ROSA, TODAY, codes, csv_of, field, ndjson_of, read

BIA = {"nome": "Bia", "cpf": 83368671634, "data_nascimento": "1974-09-30", "convenio": None}
CPF = "https://saude.gov.br/fhir/sid/cpf"
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "identifier": [{"system": CPF, "value": "83368671634"}],
    "name": [{"use": "official", "text": 'Rosa [Carrilho] "Rô"'}],
    "birthDate": "1974-09-30",
    "gender": "female",
}
PRACTITIONER = {
    "resourceType": "Practitioner",
    "identifier": [{"system": "https://saude.gov.br/fhir/sid/crm-sp", "value": "104873"}],
    "name": [{"text": "Ana Reis"}],
}
BOTH = frozenset(Kind)
PID = "PID|1||{}||Carrilho^Rosa||{}|F"
A28 = "MSH|^~\\&|ADT|HOSP|||20260101||ADT^A28|1|P|2.5\r" + PID + "\r"


def bundle(*resources: Any, indent: int | None = None) -> str:
    entries = [{"resource": resource} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}, indent=indent)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (json.dumps(BIA), ()),
        (json.dumps(PATIENT), ()),
        ("{", ("json_ilegivel",)),
        ("[" * 100_000, ("json_ilegivel",)),
        ("[1]", ("json_nao_e_objeto",)),
        ('"x"', ("json_nao_e_objeto",)),
        ('{"nome": {"a": 1}}', ("valor_aninhado",)),
        ('{"nome": "A", "nome": "B"}', ("json_ilegivel",)),
        ('{"nome": "A", "Nome": "B"}', ("campo_repetido",)),
        (json.dumps(BIA | {"nome": "a\u0000b"}), ("caractere_de_controle",)),
        (json.dumps(BIA | {"convenio": "\ud800"}), ("caractere_de_controle",)),
        (json.dumps({"resourceType": "Observation"}), ("recurso_sem_uso",)),
        (json.dumps(PRACTITIONER), ("recurso_de_outro_tipo",)),
    ],
)
def test_ndjson(line: str, error: tuple[str, ...]) -> None:
    assert codes(f"{line}\n\n{json.dumps(BIA)}", ler_ndjson) == [(1, error), (3, ())]


def test_json_numbers_keep_their_digits_and_a_line_separator_ends_no_row() -> None:
    (row,) = read(ndjson_of(BIA | {"nome": "a\u2028b"} | {"prontuario": 10}), ler_ndjson)[:1]
    assert row.codes == ("caractere_de_controle",) or field(row, "record") == "10"
    (row,) = read(ndjson_of(BIA | {"prontuario": 1.10}), ler_ndjson)
    assert (field(row, "cpf"), field(row, "record")) == ("83368671634", "1.1")


@pytest.mark.parametrize("indent", [None, 2])
def test_a_bundle_is_cut_into_entries_with_their_own_bytes(indent: int | None) -> None:
    text = bundle(PATIENT, {"resourceType": "Organization"}, PRACTITIONER, indent=indent)
    rows = read(text, ler_fhir, kinds=BOTH)
    assert [(row.line, row.codes) for row in rows] == [(1, ()), (2, ("recurso_sem_uso",)), (3, ())]
    assert field(rows[0], "name") == 'Rosa [Carrilho] "Rô"'
    assert json.loads(rows[2].raw)["resource"] == PRACTITIONER
    for row in rows:
        assert text.encode()[row.offset :].startswith(row.raw)
        assert read(text, ler_fhir, kinds=BOTH, start=Position(row.offset, row.line)) == rows[row.line - 1 :]


def test_a_bundle_that_breaks_off_loses_only_what_is_missing() -> None:
    text = bundle(PATIENT, PATIENT)
    assert [row.codes for row in read(text[:-60], ler_fhir)] == [(), ("json_truncado", "resto_nao_lido")]
    assert [row.codes for row in read(text[: text.index("[") + 1], ler_fhir)] == [("json_truncado", "resto_nao_lido")]


@pytest.mark.parametrize(
    ("between", "error"),
    [("x, ", ("json_ilegivel",)), ("null,", ("json_ilegivel",)), ('"x",', ("json_ilegivel", "resto_nao_lido"))],
)
def test_what_is_no_entry_is_a_rejected_row_and_the_rest_is_read_where_it_can_be_cut(
    between: str, error: tuple[str, ...]
) -> None:
    text = json.dumps({"resourceType": "Bundle", "entry": [{"resource": PATIENT}, 1, {"resource": PATIENT}]})
    found = [row.codes for row in read(text.replace("1, ", between), ler_fhir)]
    assert found == ([(), error] if "resto_nao_lido" in error else [(), error, ()])


@pytest.mark.parametrize("block", [1, 7, 64])
def test_an_entry_larger_than_memory_may_be_is_skipped_and_the_next_is_read(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linhas_fhir, "ENTRY_MAX", 400)
    reads = io.BytesIO(bundle(PATIENT, PATIENT | {"photo": '}]"\\' * 400}, PATIENT).encode())
    monkeypatch.setattr(linhas_fhir, "_first_entry", lambda arquivo, inicio: arquivo.getvalue().index(b"[") + 1)
    monkeypatch.setattr(linhas_fhir, "_BLOCK", block)
    how = Leitura(None, "teste", TODAY, PATIENTS)
    rows = list(linhas_fhir.ler_fhir(reads, 0, "utf-8", Nomes({}), how, Position()))
    assert [row.codes for row in rows] == [(), ("entrada_longa",), ()]
    assert len(rows[1].raw) == 400
    again = list(linhas_fhir.ler_fhir(reads, 0, "utf-8", Nomes({}), how, Position(rows[2].offset, 3)))
    assert again == rows[2:]


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (ler_fhir, bundle(PATIENT)),
        (ler_hl7, A28.format("83368671634^^^^CPF", 19740930)),
        (ler_ndjson, json.dumps(BIA)),
        (ler_csv, csv_of(ROSA)),
    ],
)
def test_a_load_that_died_between_its_last_row_and_its_end_reads_no_row_more(reader: Any, text: str) -> None:
    assert len(read(text, reader)) == 1
    assert read(text, reader, start=Position(len(text.encode()), 2)) == []


@given(st.lists(st.sampled_from([PATIENT, PRACTITIONER, {}, {"resourceType": "Patient"}, {"a": '"}]'}]), max_size=6))
@settings(max_examples=60, deadline=None)
def test_one_row_per_entry_whatever_it_holds(resources: list[Any]) -> None:
    assert [row.line for row in read(bundle(*resources), ler_fhir)] == list(range(1, len(resources) + 1))


def test_an_hl7_batch_is_cut_into_messages() -> None:
    good, bad = A28.format("83368671634^^^^CPF", 19740930), A28.format("83368671634^^^^CPF", "x")
    text = f"FHS|^~\\&|A\rBHS|^~\\&|A\r{good}{bad}MSH|^~\\&|A|B|||1||ORU^R01|9|P|2.5\rBTS|3\rFTS|1\r"
    rows = read(text, ler_hl7)
    assert [(row.line, row.codes) for row in rows] == [
        (1, ()),
        (2, ("data_nascimento_ausente",)),
        (3, ("mensagem_sem_uso",)),
    ]
    assert rows[0].raw.decode() == good
    assert read(text, ler_hl7, start=Position(rows[1].offset, 2)) == rows[1:]


@pytest.mark.parametrize(
    ("batch", "wrong"),
    [
        ("BHS|\rMSH|1\rMSH|2\rBTS|2\rFTS|1\r", []),
        ("MSH|1\rFTS|1\r", []),
        ("MSH|1\rBTS\rFTS|\r", []),
        ("MSH|1\rBTS|two\r", []),
        ("BHS|\rMSH|1\rBTS|2|BTS|9\rBHS|\rMSH|1\rBTS|1\rFTS|3\r", [("BTS", 1, 2, 1), ("FTS", 1, 3, 2)]),
        ("BHS#\rBTS#1\rFTS#1\r", [("BTS", 1, 1, 0)]),
    ],
)
def test_the_trailers_of_a_batch_count_what_stands_before_them(
    batch: str, wrong: list[tuple[str, int, int, int]]
) -> None:
    found = contagens_divergentes(io.BytesIO(f"FHS|^~\\&|A\r{batch}".encode()), 0)
    assert [astuple(one) for one in found] == wrong


def test_an_a40_names_the_earlier_identifiers_and_a_master_file_a_physician() -> None:
    a40 = A28.format("83368671634^^^^CPF", 19740930).replace("A28", "A40")
    (row,) = read(a40 + "MRG|77^^^^MR\r", ler_hl7)
    assert row.person is not None and [value for _, value in row.person.prior] == ["teste 77"]
    assert codes(a40, ler_hl7) == [(1, ("fusao_sem_mrg",))]
    mfn = "MSH|^~\\&|A|B|||1||MFN^M02|1|P|2.5\rMFI|STF\rMFE|MAD|1\rSTF|1|1|Reis^Ana\rPRA|1|||||104873^CRM^SP\r"
    (row,) = read(mfn, ler_hl7, kinds=BOTH)
    assert row.person is not None and row.person.values[:4] == ("Ana Reis", None, "104873", "SP")


@pytest.mark.parametrize(("reader", "text"), [(ler_fhir, "{}"), (ler_fhir, "nome;cpf\n"), (ler_hl7, "nome;cpf\n")])
def test_another_format_is_refused_as_a_whole(reader: Any, text: str) -> None:
    with pytest.raises(ArquivoRecusado):
        read(text, reader)
