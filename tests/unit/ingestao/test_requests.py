"""What the ingestion requests refuse, the digest, and what names the file."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from pydantic import ValidationError

from handlers.ingestao.domain import DOMAIN
from handlers.ingestao.examples import PACIENTES
from handlers.ingestao.requests import INLINE_MAX_CHARACTERS, Ingestao, IngestaoPacientes
from tests.unit.ingestao.files import codes, csv_of


def test_domain_is_the_contract_s() -> None:
    assert (DOMAIN.key, DOMAIN.vhost) == ("ingestao", "ingestao_dados")
    paths = {event.name: event.path for event in DOMAIN.events}
    assert paths == {"ingestao": "", "pacientes": "pacientes/", "medicos": "medicos/"}


def test_the_digest_is_over_the_utf8_bytes_and_in_any_case() -> None:
    digest = hashlib.sha256(PACIENTES["arquivo"].encode()).hexdigest()
    request = IngestaoPacientes.model_validate(PACIENTES | {"arquivo_sha256": digest.upper()})
    assert request.arquivo_sha256 == digest


def test_an_upload_is_named_by_its_id_and_its_digest_is_not_asked_here() -> None:
    upload = "0B0E7A3C-6a7e-4b43-9a53-0f3a54c9b8f1"
    request = Ingestao.model_validate(PACIENTES | {"arquivo": f" {upload}\n", "arquivo_sha256": "0" * 64})
    assert request.upload_id == upload.lower()
    assert Ingestao.model_validate(PACIENTES).upload_id is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"arquivo_sha256": "0" * 64}, "não corresponde"),
        ({"arquivo_sha256": "xyz"}, "64 algarismos"),
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


def test_a_mapping_renames_columns() -> None:
    text = csv_of("Ana;833.686.716-34;1974-09-30", header="A;B;C")
    assert codes(text, mapping={"A": "nome", "B": "cpf", "C": "data_nascimento"}) == [(2, ())]
    assert codes(text)[0][1] == ("nome_ausente", "data_nascimento_ausente", "identificador_ausente")


def test_a_declared_date_format_settles_ambiguity() -> None:
    text = csv_of("Ana;833.686.716-34;;03/04/1980;F")
    assert codes(text) == [(2, ("data_ambigua",))]
    assert codes(text, dates="dd/mm/aaaa") == [(2, ())]
