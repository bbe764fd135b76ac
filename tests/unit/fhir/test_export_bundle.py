"""What leaves as FHIR is FHIR R4, says what the result says, and moves with the review."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
from fhir.resources.R4B import get_fhir_model_class

from shared.fhir.export import as_json, bundle
from shared.fhir.readback import LOINC
from tests.unit.fhir.results import DECIDED, EVENTS, FINISHED, STATES, case_of

REPORTS = {"DiagnosticReport", "Composition"}


def exported(name: str, state: str = "pendente", **kinds: bool) -> list[dict[str, Any]]:
    """The resources of the Bundle as a reader gets them, decimals exact."""
    document = json.loads(as_json(bundle(case_of(name, state, **kinds))), parse_float=Decimal)
    return [entry["resource"] for entry in document["entry"]]


def of_type(resources: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [resource for resource in resources if resource["resourceType"] in kinds]


def references(value: Any) -> list[str]:
    """Every literal reference inside a resource."""
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [found for item in value.values() for found in references(item)]
    return []


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", EVENTS)
def test_every_resource_is_valid_r4_and_every_reference_resolves(name: str, state: str) -> None:
    for kinds in ({"ai": True, "seen": True}, {"ai": False}, {"ai": False, "degraded": True}):
        raw = as_json(bundle(case_of(name, state, **kinds)))
        get_fhir_model_class("Bundle").model_validate_json(raw)
        document = json.loads(raw)
        for entry in document["entry"]:
            resource = entry["resource"]
            get_fhir_model_class(resource["resourceType"]).model_validate_json(json.dumps(resource))
            assert entry["fullUrl"] == f"urn:uuid:{resource['id']}"
        names = [entry["fullUrl"] for entry in document["entry"]]
        assert len(set(names)) == len(names)
        assert set(references(document)) <= set(names)


@pytest.mark.parametrize("name", EVENTS)
def test_nothing_of_the_result_is_left_out(name: str) -> None:
    case = case_of(name)
    resources = exported(name)
    texts = {one.get("valueString") for one in of_type(resources, "Observation")}
    assert {found["descricao"] for found in case.result["achados"]} <= texts
    codes = {coding["code"] for one in of_type(resources, "Observation") for coding in one["code"]["coding"]}
    assert {key for key, value in case.result["calculos"].items() if value not in (None, "")} <= codes
    assert [issue["detail"] for issue in of_type(resources, "DetectedIssue")] == [a.text for a in case.alerts]
    assert len(of_type(resources, "Provenance")) == len(of_type(resources, *REPORTS)) == 1


@pytest.mark.parametrize(
    ("state", "report", "finding", "measure"),
    [
        ("pendente", "preliminary", "preliminary", "preliminary"),
        ("aceito", "final", "final", "final"),
        ("editado", "amended", "final", "final"),
        ("rejeitado", "entered-in-error", "preliminary", "unknown"),
    ],
)
@pytest.mark.parametrize("name", ["exames.hemograma", "clinico.consulta"])
def test_statuses_move_with_the_review(name: str, state: str, report: str, finding: str, measure: str) -> None:
    resources = exported(name, state)
    (main,) = of_type(resources, *REPORTS)
    observations = of_type(resources, "Observation")
    measured = [one for one in observations if "category" in one]
    assert measured and {one["status"] for one in measured} == {measure}
    assert {one["status"] for one in observations if "category" not in one} == {finding}
    assert {one["status"] for one in of_type(resources, "DetectedIssue")} == {finding}
    assert main["status"] == report
    signers = main.get("resultsInterpreter") or [one["party"] for one in main.get("attester", [])]
    assert len(signers) == (state in ("aceito", "editado"))
    for signer in signers:
        assert signer["identifier"]["system"] == "urn:plantao:conselho:crm-sp"
        assert signer["identifier"]["value"] == "123456"
    moment = main.get("issued") or main["date"]
    assert moment == (FINISHED if state == "pendente" else DECIDED).isoformat(timespec="milliseconds")


@pytest.mark.parametrize("name", EVENTS)
def test_the_narrative_is_xml_and_holds_no_markup_of_ours(name: str) -> None:
    for resource in of_type(exported(name), *REPORTS):
        for text in [resource["text"], *[part["text"] for part in resource.get("section", []) if "text" in part]]:
            root = ElementTree.fromstring(text["div"])
            assert {element.tag.partition("}")[2] for element in root.iter()} <= {"div", "h2", "ul", "li"}
        assert "Um <b>achado</b> & outro [A1]." in "".join(ElementTree.fromstring(resource["text"]["div"]).itertext())


def test_an_alert_says_who_answered_it() -> None:
    (open_issue,) = of_type(exported("exames.hemograma"), "DetectedIssue")
    (answered,) = of_type(exported("exames.hemograma", seen=True), "DetectedIssue")
    assert "mitigation" not in open_issue
    assert answered["mitigation"][0]["author"]["display"].startswith("Enf. Rosa")
    assert answered["mitigation"][0]["action"]["text"] == "Alerta reconhecido: médico avisado"
    assert answered["severity"] == "high"


def test_a_rejected_opinion_is_nowhere() -> None:
    assert "achado</b>" not in as_json(bundle(case_of("exames.hemograma", "rejeitado"))).decode()
    assert "conclusion" in of_type(exported("exames.hemograma", "aceito"), "DiagnosticReport")[0]


def loinc_agrees(code: str) -> bool:
    """LOINC's check digit is that of Luhn (LOINC Users' Guide)."""
    body, _, digit = code.partition("-")
    doubled = [int(d) * (2 if index % 2 == 0 else 1) for index, d in enumerate(reversed(body))]
    return (10 - sum(d // 10 + d % 10 for d in doubled) % 10) % 10 == int(digit)


@pytest.mark.parametrize("name", EVENTS)
def test_loinc_codes_are_well_formed(name: str) -> None:
    codings = [c for one in exported(name) if "code" in one for c in one["code"].get("coding", [])]
    assert [c["code"] for c in codings if c["system"] == LOINC and not loinc_agrees(c["code"])] == []


def test_the_hemogram_is_read_back_in_canonical_units_with_its_range() -> None:
    measured = {
        one["code"]["text"]: one
        for one in of_type(exported("exames.hemograma"), "Observation")
        if one.get("category", [{}])[0].get("coding", [{}])[0].get("code") == "laboratory"
    }
    request: Any = case_of("exames.hemograma").request
    assert len(measured) == len(request.resultados)
    platelets, white = measured["Plaquetas"], measured["Leucócitos"]
    assert (platelets["valueQuantity"]["value"], platelets["valueQuantity"]["code"]) == (12, "10*3/uL")
    assert platelets["referenceRange"][0]["low"]["value"] == 150
    assert white["valueQuantity"]["value"] == Decimal("5.2")
    assert {c["system"] for c in platelets["code"]["coding"]} == {LOINC, "urn:plantao:campo"}
    assert platelets["effectiveDateTime"] == "2026-11-20T08:10:00-03:00"


def test_a_calculation_keeps_its_digits_and_its_unit() -> None:
    (mcv,) = [one for one in of_type(exported("exames.hemograma"), "Observation") if one["code"].get("text") == "vcm"]
    assert str(mcv["valueQuantity"]["value"]) == "90.00"
    assert mcv["valueQuantity"]["code"] == "fL"


def test_a_long_number_or_one_with_a_leading_zero_stays_text() -> None:
    case = case_of("exames.hemograma")
    case.result["achados"][0]["evidencia"] = {"registro": "01234567890", "tuss": "40304361", "plaquetas": "12.5"}
    try:
        found = [e["resource"] for e in bundle(case)["entry"] if "component" in e["resource"]][0]
    finally:
        case.result["achados"][0]["evidencia"] = {}
    values = {part["code"]["text"]: part for part in found["component"]}
    assert values["registro"]["valueString"] == "01234567890"
    assert values["tuss"]["valueString"] == "40304361"
    assert values["plaquetas"]["valueQuantity"]["value"] == Decimal("12.5")


@pytest.mark.parametrize(
    ("person", "system", "value"),
    [
        ({"cpf": "529.982.247-25", "cns": "100000000060018"}, "cpf", "52998224725"),
        ({"cpf": None, "cns": "100000000060018"}, "cns", "100000000060018"),
        ({"cpf": None, "nao_identificado": {"motivo": "inconsciente"}}, "prontuario", "P-000123"),
    ],
)
def test_the_patient_is_named_by_the_best_identifier_there_is(person: dict[str, Any], system: str, value: str) -> None:
    case = case_of("exames.exame")
    own: Any = case.request
    patient = own.paciente.model_dump() | person
    request = type(own).model_validate({**own.model_dump(), "paciente": patient})
    document = bundle(type(case)(**{**vars(case), "request": request}))
    get_fhir_model_class("Bundle").model_validate_json(as_json(document))
    subject = document["entry"][0]["resource"]["subject"]
    assert subject["identifier"]["system"].endswith(system)
    assert subject["identifier"]["value"] == value
    assert "Marina" not in as_json(document).decode()


@pytest.mark.parametrize("name", ["exames.hemograma", "opme.protese"])
def test_the_same_result_is_the_same_document(name: str) -> None:
    assert as_json(bundle(case_of(name))) == as_json(bundle(case_of(name)))


def test_exporting_does_not_load_the_models_of_fhir() -> None:
    check = (
        "import sys, shared.fhir.export, handlers.registry as r; "
        "[r.load_readbacks(d, ['handlers']) for d in r.load_domains(['handlers']).values()]; "
        "sys.exit(any(name in sys.modules for name in ('fhir.resources', 'crewai')))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
