"""Who a document is about and who signs it."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import UnusableDocument
from tests.fixtures.fhir import changed, pending, read, resource

Bundle = dict[str, Any]
RNDS = "http://rnds.saude.gov.br/fhir/r4/NamingSystem"
SID = "https://saude.gov.br/fhir/sid"


def patient(**elements: Any) -> dict[str, Any]:
    """`paciente` of a laboratory order whose Patient has these elements instead."""
    document = read("exame", changed("exame", lambda b: resource(b, "Patient").update(elements)))
    found: dict[str, Any] = document.request.model_dump()["paciente"]
    return found | {"_pending": pending(document)}


def professional(bundle_change: Any) -> dict[str, Any] | None:
    document = read("exame", changed("exame", bundle_change))
    found: dict[str, Any] | None = document.request.model_dump()["profissional"]
    return found


def record(**more: Any) -> dict[str, Any]:
    return {"type": {"coding": [{"code": "MR"}]}, "value": "P-1", **more}


@pytest.mark.parametrize(
    ("identifier", "field", "value"),
    [
        ({"system": f"{RNDS}/cpf", "value": "529.982.247-25"}, "cpf", "52998224725"),
        ({"system": f"{SID}/cpf", "value": "52998224725"}, "cpf", "52998224725"),
        ({"system": "urn:oid:2.16.840.1.113883.13.237", "value": "52998224725"}, "cpf", "52998224725"),
        ({"type": {"coding": [{"code": "TAX"}]}, "value": "52998224725"}, "cpf", "52998224725"),
        ({"system": f"{RNDS}/cns/", "value": "931235935132260"}, "cns", "931235935132260"),
        ({"system": "urn:oid:2.16.840.1.113883.13.236", "value": "931235935132260"}, "cns", "931235935132260"),
    ],
)
def test_identifier_systems_in_use(identifier: dict[str, Any], field: str, value: str) -> None:
    assert patient(identifier=[identifier, record()])[field] == value


def test_an_identifier_of_nobody_we_know_is_reported() -> None:
    cpf = {"system": f"{RNDS}/cpf", "value": "52998224725"}
    found = patient(identifier=[cpf, record(), {"system": "http://evil.test/saude.gov.br/cns", "value": "1"}])
    assert found["cns"] is None
    assert "identificador_sem_uso" in found["_pending"]


def test_a_patient_without_documents_says_why() -> None:
    reason = {"url": "urn:plantao:nao-identificado", "valueString": "inconsciente, sem documentos"}
    found = patient(identifier=[record()], extension=[reason, {"url": "urn:plantao:recusa-ia", "valueBoolean": True}])
    assert found["nao_identificado"] == {"motivo": "inconsciente, sem documentos"}
    assert found["recusa_ia"] is True


def test_official_and_social_names() -> None:
    names = [
        {"use": "usual", "text": "Rui Exemplo"},
        {"use": "official", "given": ["Marina", "Exemplo"], "family": "Fictícia"},
    ]
    found = patient(name=names)
    assert (found["nome"], found["nome_social"]) == ("Marina Exemplo Fictícia", "Rui Exemplo")


@pytest.mark.parametrize("gender", ["other", "unknown"])
def test_a_gender_that_no_reference_range_knows_leaves_sex_missing(gender: str) -> None:
    with pytest.raises(UnusableDocument) as refused:
        patient(gender=gender)
    assert ("paciente.sexo", "campo_ausente") in [(place, code) for place, code, _ in refused.value.items]
    assert refused.value.report is not None
    assert "genero_sem_correspondencia" in {item["codigo"] for item in refused.value.report["nao_compreendidos"]}


@pytest.mark.parametrize(
    ("code", "answer"),
    [("LA15173-0", "sim"), ("77386006", "sim"), ("60001007", "nao"), ("LA4489-6", "desconhecido")],
)
def test_pregnancy_answers(code: str, answer: str) -> None:
    def state(bundle: Bundle) -> None:
        resource(bundle, "Observation", "82810-3")["valueCodeableConcept"]["coding"][0]["code"] = code

    assert read("exame", changed("exame", state)).request.model_dump()["paciente"]["gestante"] == answer


def test_gestational_age_counts_only_in_a_pregnancy() -> None:
    def weeks(answer: str) -> Any:
        def change(bundle: Bundle) -> None:
            status = resource(bundle, "Observation", "82810-3")
            status["valueCodeableConcept"]["coding"][0]["code"] = answer
            age = {**status, "code": {"coding": [{"system": "http://loinc.org", "code": "18185-9"}]}}
            age.pop("valueCodeableConcept")
            age["valueQuantity"] = {"value": 31, "code": "wk", "system": "http://unitsofmeasure.org"}
            bundle["entry"].append({"resource": age})

        return read("exame", changed("exame", change))

    assert weeks("LA15173-0").request.paciente.idade_gestacional_sem == 31
    assert "idade_gestacional_sem_gestacao" in pending(weeks("LA26683-5"))


@pytest.mark.parametrize(
    ("unit", "value", "kilograms"), [("kg", 68.5, "68.5"), ("g", 68500, "68.5"), ("[lb_av]", 100, "45.359237")]
)
def test_weight_in_ucum_units(unit: str, value: float, kilograms: str) -> None:
    quantity = {"value": value, "system": "http://unitsofmeasure.org", "code": unit}
    change = changed("exame", lambda b: resource(b, "Observation", "29463-7").update(valueQuantity=quantity))
    assert str(read("exame", change).request.model_dump()["paciente"]["peso_kg"].normalize()) == kilograms


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        ({"value": 68, "code": "mm[Hg]"}, "unidade_nao_aceita"),
        ({"value": 68, "system": "http://snomed.info/sct", "code": "kg"}, "unidade_nao_aceita"),
        ({"value": 68, "code": "kg", "comparator": ">"}, "valor_com_comparador"),
        ({"code": "kg"}, "sem_valor"),
    ],
)
def test_a_quantity_that_says_no_weight(quantity: dict[str, Any], code: str) -> None:
    change = changed("exame", lambda b: resource(b, "Observation", "29463-7").update(valueQuantity=quantity))
    document = read("exame", change)
    assert "paciente.peso_kg" in document.report.ausentes
    assert code in pending(document)


@pytest.mark.parametrize(
    "identifier",
    [
        {"system": f"{SID}/crm-sp", "value": "123456"},
        {"system": f"{RNDS}/crm", "value": "123456-SP"},
        {"system": f"{RNDS}/crm", "value": "CRM/SP 123456"},
    ],
)
def test_a_crm_and_its_state(identifier: dict[str, Any]) -> None:
    found = professional(lambda b: resource(b, "Practitioner").update(identifier=[identifier]))
    assert found is not None
    assert (found["crm"], found["uf"]) == ("123456", "SP")


def test_a_crm_without_its_state_is_not_half_a_professional() -> None:
    with pytest.raises(UnusableDocument) as refused:
        professional(lambda b: resource(b, "Practitioner")["identifier"][0].update(system=f"{RNDS}/crm"))
    assert {"profissional.crm", "profissional.uf"} <= {place for place, _, _ in refused.value.items}


def test_a_role_leads_to_its_practitioner_and_names_the_occupation() -> None:
    def through_a_role(bundle: Bundle) -> None:
        order = resource(bundle, "ServiceRequest")
        cbo = {"system": "http://www.saude.gov.br/fhir/r4/CodeSystem/BRCBO", "code": "225125"}
        role = {"resourceType": "PractitionerRole", "practitioner": order["requester"], "code": [{"coding": [cbo]}]}
        bundle["entry"].append({"fullUrl": "urn:uuid:role", "resource": role})
        order["requester"] = {"reference": "urn:uuid:role"}

    found = professional(through_a_role)
    assert found is not None
    assert (found["nome"], found["crm"], found["cbo"]) == ("Otávio Inventado", "123456", "225125")


def test_a_wrong_check_digit_is_named_at_its_place() -> None:
    with pytest.raises(UnusableDocument) as refused:
        patient(identifier=[{"system": f"{RNDS}/cpf", "value": "52998224724"}, record()])
    place, code, reason = refused.value.items[0]
    assert (place, code) == ("Bundle.entry[0].resource.identifier[0].value", "valor_invalido")
    assert "dígito verificador" in reason
