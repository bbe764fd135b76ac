"""What the ingestion requests refuse, the digest, and formats that are not read yet."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from pydantic import ValidationError

from handlers.ingestao.domain import DOMAIN
from handlers.ingestao.examples import PACIENTES
from handlers.ingestao.requests import INLINE_MAX_CHARACTERS, Ingestao, IngestaoPacientes
from handlers.ingestao.rules import ingestao, medicos, pacientes
from tests.unit.ingestao.files import csv_of, patients


def test_domain_is_the_contract_s() -> None:
    assert (DOMAIN.key, DOMAIN.vhost) == ("ingestao", "ingestao_dados")
    paths = {event.name: event.path for event in DOMAIN.events}
    assert paths == {"ingestao": "", "pacientes": "pacientes/", "medicos": "medicos/"}


@pytest.mark.parametrize(
    ("name", "rules", "counts"),
    [("ingestao", ingestao, (2, 2, 0, 0)), ("pacientes", pacientes, (4, 2, 1, 1)), ("medicos", medicos, (3, 2, 0, 1))],
)
def test_example(name: str, rules: Any, counts: tuple[int, ...]) -> None:
    event = DOMAIN.event(name)
    assert event is not None
    calculos = rules.avaliar(event.request.model_validate(event.example)).calculos
    fields = ("linhas_lidas", "linhas_aptas", "linhas_duplicadas", "linhas_rejeitadas")
    assert tuple(calculos[field] for field in fields) == counts


def test_the_digest_is_over_the_utf8_bytes_and_in_any_case() -> None:
    digest = hashlib.sha256(PACIENTES["arquivo"].encode()).hexdigest()
    request = IngestaoPacientes.model_validate(PACIENTES | {"arquivo_sha256": digest.upper()})
    assert pacientes.avaliar(request).calculos["arquivo_sha256"] == digest


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"arquivo_sha256": "0" * 64}, "não corresponde"),
        ({"arquivo_sha256": "xyz"}, "64 algarismos"),
        ({"arquivo": "0b0e7a3c-6a7e-4b43-9a53-0f3a54c9b8f1"}, "upload ainda não é aceito"),
        ({"arquivo": ""}, "at least 1 character"),
        ({"arquivo": "x" * (INLINE_MAX_CHARACTERS + 1)}, "at most"),
        ({"formato": "xlsx"}, "'csv'"),
        ({"origem": ""}, "at least 1 character"),
        ({"mapeamento": {"A": "cpf", "B": "cpf"}}, "mesmo campo"),
        ({"formato_data": "mm/dd/aaaa"}, "'iso'"),
        ({"linhas": 3}, "Extra inputs"),
    ],
)
def test_refusal_gives_the_reason_and_not_the_content(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Ingestao.model_validate(PACIENTES | changes)
    assert reason in str(refusal.value)
    assert "Rosa" not in str(refusal.value)


@pytest.mark.parametrize("field", ["formato", "origem", "arquivo"])
def test_required_fields(field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Ingestao.model_validate({k: v for k, v in PACIENTES.items() if k != field})
    assert [error["loc"] for error in refusal.value.errors()] == [(field,)]


@pytest.mark.parametrize("formato", ["fhir_bundle", "hl7v2"])
def test_formats_that_are_not_read_say_so(formato: str) -> None:
    avaliacao = patients("MSH|^~\\&|", formato=formato)
    assert [a.codigo for a in avaliacao.achados] == ["formato_nao_lido"]
    assert avaliacao.calculos["linhas_lidas"] is None
    assert any(line.startswith(formato) for line in avaliacao.nao_avaliado)


def test_a_mapping_renames_columns() -> None:
    text = csv_of("Ana;833.686.716-34;1974-09-30", header="A;B;C")
    mapping = {"A": "nome", "B": "cpf", "C": "data_nascimento"}
    assert patients(text, mapeamento=mapping).calculos["linhas_aptas"] == 1
    assert patients(text).calculos["linhas_rejeitadas"] == 1


def test_a_declared_date_format_settles_ambiguity() -> None:
    text = csv_of("Ana;833.686.716-34;;03/04/1980;F")
    assert patients(text).calculos["rejeitada.data_ambigua"] == 1
    assert patients(text, formato_data="dd/mm/aaaa").calculos["linhas_aptas"] == 1
