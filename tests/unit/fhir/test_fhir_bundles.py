"""Bundles that cannot be used, or not wholly: each fault has its code and its place, and the rest goes on."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import UnusableDocument
from tests.fixtures.fhir import changed, example, pending, read, resource

Bundle = dict[str, Any]


def refusal(name: str, body: bytes, **path_values: str) -> UnusableDocument:
    with pytest.raises(UnusableDocument) as refused:
        read(name, body, **path_values)
    return refused.value


def codes(error: UnusableDocument) -> list[str]:
    return [code for _, code, _ in error.items]


def unresolved_codes(error: UnusableDocument) -> set[str]:
    assert error.report is not None
    return {item["codigo"] for item in error.report["nao_compreendidos"]}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_invalido"),
        (b"[]", "json_invalido"),
        (b'{"resourceType":"Bundle","total":NaN}', "json_invalido"),
        ("{'é'}".encode("latin-1"), "codificacao_invalida"),
        ('{"resourceType":"Bundle"}'.encode("utf-16"), "codificacao_invalida"),
        (b'{"resourceType":"Bundle","type":"document","type":"message"}', "propriedade_repetida"),
        (b'{"a":' * 80 + b"1" + b"}" * 80, "profundo_demais"),
        (b"[" * 200_000, "json_invalido"),
        (b'{"resourceType":"Patient"}', "nao_e_bundle"),
        (b'{"resourceType":"Bundle","fhirVersion":"3.0.2","type":"collection"}', "versao_fhir"),
        (b'{"resourceType":"Bundle","type":"searchset","entry":[]}', "tipo_de_bundle"),
        (b'{"resourceType":"Bundle","type":"collection","entry":[]}', "bundle_vazio"),
    ],
)
def test_what_is_no_bundle_of_ours(body: bytes, code: str) -> None:
    assert codes(refusal("consulta", body)) == [code]


def test_a_bundle_of_very_many_entries_is_refused_unread() -> None:
    body = b'{"resourceType":"Bundle","type":"collection","entry":[' + b"{}," * 50_000 + b"{}]}"
    assert codes(refusal("consulta", body)) == ["entradas_demais"]


def test_a_byte_order_mark_is_tolerated() -> None:
    assert (
        read("consulta", b"\xef\xbb\xbf" + example("consulta")).request == read("consulta", example("consulta")).request
    )


def test_several_patients_are_refused_each_with_its_place() -> None:
    def second(bundle: Bundle) -> None:
        other = copy.deepcopy(resource(bundle, "Patient"))
        bundle["entry"].append({"fullUrl": "urn:uuid:0e6f9d6e-5d06-4d1e-9bb8-0a5b0a8d4f11", "resource": other})

    error = refusal("consulta", changed("consulta", second))
    assert codes(error) == ["varios_pacientes", "varios_pacientes"]
    assert error.fields[0][0] == "Bundle.entry[0].resource"


def test_without_a_patient_the_field_is_missing() -> None:
    error = refusal("consulta", changed("consulta", lambda b: b["entry"].pop(0)))
    assert ("paciente", "campo_ausente") in [(place, code) for place, code, _ in error.items]
    assert "referencia_nao_resolvida" in unresolved_codes(error)


def test_a_report_about_another_patient_never_becomes_this_ones() -> None:
    """One Patient in the Bundle is not enough: the report must be about that one."""

    def elsewhere(bundle: Bundle) -> None:
        resource(bundle, "DiagnosticReport")["subject"] = {"reference": "Patient/999"}

    error = refusal("hemograma", changed("hemograma", elsewhere))
    assert ("paciente", "campo_ausente") in [(place, code) for place, code, _ in error.items]
    assert "referencia_nao_resolvida" in unresolved_codes(error)


def test_an_optional_reference_that_leads_nowhere_leaves_its_field_missing() -> None:
    def nowhere(bundle: Bundle) -> None:
        resource(bundle, "Encounter")["serviceProvider"] = {"reference": "urn:uuid:nowhere"}

    document = read("consulta", changed("consulta", nowhere))
    assert document.report.ausentes.count("estabelecimento") == 1
    assert "referencia_nao_resolvida" in pending(document)


def test_a_required_one_refuses_and_tells_why() -> None:
    def nowhere(bundle: Bundle) -> None:
        resource(bundle, "Encounter")["participant"][0]["individual"] = {"reference": "urn:uuid:nowhere"}

    error = refusal("consulta", changed("consulta", nowhere))
    assert codes(error) == ["campo_ausente"]
    assert unresolved_codes(error) >= {"referencia_nao_resolvida"}


@pytest.mark.parametrize(
    "reference",
    [
        lambda url: {"reference": url + "/_history/2"},
        lambda url: {"reference": "Organization/7"},
        lambda url: {"reference": "http://hospital.test/fhir/Organization/7"},
        lambda url: {"reference": "#interna"},
        lambda url: {
            "type": "Organization",
            "identifier": {"system": "http://rnds.saude.gov.br/fhir/r4/NamingSystem/cnes", "value": "2077108"},
        },
    ],
    ids=["versioned", "relative", "absolute", "contained", "logical"],
)
def test_every_way_of_referring_finds_its_resource(reference: Callable[[str], dict[str, Any]]) -> None:
    def refer(bundle: Bundle) -> None:
        encounter = resource(bundle, "Encounter")
        target = resource(bundle, "Organization")
        here = next(entry for entry in bundle["entry"] if entry["resource"] is encounter)
        entry = next(entry for entry in bundle["entry"] if entry["resource"] is target)
        here["fullUrl"] = "http://hospital.test/fhir/Encounter/1"
        made = reference(entry["fullUrl"])
        if "reference" in made and "history" not in made["reference"]:
            entry["fullUrl"] = "http://hospital.test/fhir/Organization/7"
        if made.get("reference") == "#interna":
            encounter["contained"] = [{**target, "id": "interna"}]
        encounter["serviceProvider"] = made

    document = read("consulta", changed("consulta", refer))
    assert document.request.model_dump()["estabelecimento"] == {"cnes": "2077108"}
    assert "referencia_nao_resolvida" not in pending(document)


def test_the_same_resource_twice_is_read_once() -> None:
    document = read("consulta", changed("consulta", lambda b: b["entry"].append(copy.deepcopy(b["entry"][0]))))
    assert "recurso_repetido" in pending(document)


def test_two_versions_of_one_resource_are_both_set_aside() -> None:
    def contradict(bundle: Bundle) -> None:
        entry = next(e for e in bundle["entry"] if e["resource"]["resourceType"] == "Organization")
        other = copy.deepcopy(entry)
        other["resource"]["identifier"][0]["value"] = "2612380"
        bundle["entry"].append(other)

    document = read("consulta", changed("consulta", contradict))
    assert "duplicatas_contraditorias" in pending(document)
    assert "estabelecimento" in document.report.ausentes


def test_unknown_types_are_reported_not_dropped() -> None:
    def add(bundle: Bundle) -> None:
        bundle["entry"].append({"resource": {"resourceType": "Questionnaire", "status": "active"}})
        bundle["entry"].append({"fullUrl": "urn:uuid:x"})

    assert pending(read("consulta", changed("consulta", add))) >= {
        "tipo_de_recurso_desconhecido",
        "entrada_sem_recurso",
    }


def test_a_malformed_resource_costs_only_its_own_fields() -> None:
    def spoil(bundle: Bundle) -> None:
        resource(bundle, "AllergyIntolerance")["code"] = "dipirona"

    document = read("consulta", changed("consulta", spoil))
    assert "recurso_invalido" in pending(document)
    assert "alergias" in document.report.ausentes


def test_a_modifier_we_do_not_know_makes_a_resource_unusable() -> None:
    def modify(bundle: Bundle) -> None:
        modifier = {"url": "http://hospital.test/negado", "valueBoolean": True}
        resource(bundle, "AllergyIntolerance")["modifierExtension"] = [modifier]

    document = read("consulta", changed("consulta", modify))
    assert "modificador_desconhecido" in pending(document)
    assert "alergias" in document.report.ausentes


def test_a_deleting_transaction_entry_brings_no_content() -> None:
    def delete(bundle: Bundle) -> None:
        bundle["type"] = "transaction"
        for entry in bundle["entry"]:
            kind = entry["resource"]["resourceType"]
            entry["request"] = {"method": "DELETE" if kind == "AllergyIntolerance" else "POST", "url": kind}

    document = read("consulta", changed("consulta", delete))
    assert "operacao_nao_aceita" in pending(document)
    assert "alergias" in document.report.ausentes


def test_a_refusal_never_repeats_what_the_document_says() -> None:
    def spoil(bundle: Bundle) -> None:
        patient = resource(bundle, "Patient")
        patient["birthDate"], patient["identifier"][0]["value"] = "1958", "58921062174"

    error = refusal("consulta", changed("consulta", spoil))
    said = json.dumps([error.items, error.report, error.detail], ensure_ascii=False)
    assert "identifier[0].value" in said
    assert "58921062174" not in said
    assert "Quintanilha" not in said


def test_a_flood_of_unknown_resources_does_not_flood_the_report() -> None:
    flood = [{"resource": {"resourceType": f"Desconhecido{i}"}} for i in range(500)]
    document = read("consulta", changed("consulta", lambda b: b["entry"].extend(flood)))
    assert len(document.report.nao_compreendidos) <= 201
    assert "relatorio_truncado" in pending(document)


def test_the_bundles_own_identifier_is_its_key_per_event() -> None:
    first, again = read("consulta", example("consulta")), read("consulta", example("consulta"))
    other = read("consulta", changed("consulta", lambda b: b["identifier"].update(value="outro")))
    none = read("consulta", changed("consulta", lambda b: b.pop("identifier")))
    assert first.key == again.key is not None
    assert other.key not in (first.key, None)
    assert none.key is None
