"""Encounters: vital signs, allergies, drugs, diagnoses, and what may not be guessed from them."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from api.documents import Document
from shared.errors import UnusableDocument
from tests.fixtures.fhir import changed, pending, read, resource

Bundle = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
RESPIRATION, SATURATION, TEMPERATURE, HEART = "9279-1", "59408-5", "8310-5", "8867-4"


def visit(change: Any, name: str = "consulta") -> Document:
    return read(name, changed(name, change))


def signs(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = document.request.model_dump()["sinais_vitais"]
    return found


def measured(sign: str, **quantity: Any) -> Document:
    return visit(lambda b: resource(b, "Observation", sign).update(valueQuantity={"system": UCUM, **quantity}))


def again(bundle: Bundle, code: str, **elements: Any) -> None:
    """A second Observation of the same sign."""
    bundle["entry"].append({"resource": {**copy.deepcopy(resource(bundle, "Observation", code)), **elements}})


def test_fahrenheit_becomes_celsius() -> None:
    assert signs(measured(TEMPERATURE, value=101.5, code="[degF]"))["temperatura_c"] == Decimal("38.6")


def test_the_pressure_panel_gives_both_pressures() -> None:
    found = signs(visit(lambda _: None))
    assert (found["pas_mmhg"], found["pad_mmhg"]) == (98, 58)


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        ({"value": 24, "code": "Cel"}, "unidade_nao_aceita"),
        ({"value": 24000000, "code": "/min"}, "valor_implausivel"),
        ({"value": 24, "code": "/min", "comparator": "<"}, "valor_com_comparador"),
    ],
)
def test_a_sign_that_cannot_be_placed_is_missing_and_the_rest_goes_on(quantity: dict[str, Any], code: str) -> None:
    document = measured(RESPIRATION, **quantity)
    assert signs(document)["fr_irpm"] is None
    assert signs(document)["fc_bpm"] == 112
    assert code in pending(document)


def test_a_value_no_living_patient_has_is_passed_on_for_the_rules_to_name() -> None:
    assert signs(measured(HEART, value=9000, code="/min"))["fc_bpm"] == 9000


def test_a_mean_with_a_fraction_is_passed_on_as_it_is() -> None:
    assert signs(measured(RESPIRATION, value=24.5, code="/min"))["fr_irpm"] == Decimal("24.5")


def test_a_diagnosis_out_of_form_costs_itself_only() -> None:
    def break_one(bundle: Bundle) -> None:
        resource(bundle, "Condition", "E11.9")["code"]["coding"][0]["code"] = "E11.651"

    document = visit(break_one)
    assert document.request.model_dump()["cids"] == ["J18.9", "I10"]
    assert "codigo_invalido" in pending(document)


def test_the_latest_observation_counts() -> None:
    later = {"effectiveDateTime": "2026-11-18T08:39:00-02:00", "valueQuantity": {"value": 99, "code": "/min"}}
    assert signs(visit(lambda b: again(b, HEART, **later)))["fc_bpm"] == 112, "08:39 in Brasília summer time is earlier"
    later["effectiveDateTime"] = "2026-11-18T12:00:00Z"
    assert signs(visit(lambda b: again(b, HEART, **later)))["fc_bpm"] == 99


def test_two_values_of_one_moment_contradict_each_other() -> None:
    document = visit(lambda b: again(b, HEART, valueQuantity={"value": 60, "code": "/min"}))
    assert signs(document)["fc_bpm"] is None
    assert "valores_contraditorios" in pending(document)


def test_an_annulled_observation_is_not_used() -> None:
    document = visit(lambda b: resource(b, "Observation", SATURATION).update(status="entered-in-error"))
    assert signs(document)["spo2_pct"] is None
    assert "resultado_anulado" in pending(document)


def test_another_patients_observation_is_not_used() -> None:
    other = {"reference": "urn:uuid:somebody-else"}
    document = visit(lambda b: resource(b, "Observation", SATURATION).update(subject=other))
    assert signs(document)["spo2_pct"] is None
    assert "referencia_nao_resolvida" in pending(document)


@pytest.mark.parametrize(
    ("system", "code", "letter"),
    [("http://snomed.info/sct", "130987000", "C"), ("http://loinc.org", "LA9343-0", "U"), ("urn:x", "V", "V")],
)
def test_consciousness_answers(system: str, code: str, letter: str) -> None:
    answer = {"coding": [{"system": system, "code": code}]}
    document = visit(lambda b: resource(b, "Observation", "80288-4").update(valueCodeableConcept=answer))
    assert signs(document)["consciencia"] == letter


@pytest.mark.parametrize(("litres", "supplemental"), [(0, False), (2, True)])
def test_oxygen_is_supplemental_when_it_flows(litres: int, supplemental: bool) -> None:
    assert signs(measured("3151-8", value=litres, code="L/min"))["o2_suplementar"] is supplemental


@pytest.mark.parametrize(
    ("quantity", "supplemental"),
    [
        ({"value": 21, "code": "%"}, False),
        ({"value": 40, "code": "%"}, True),
        ({"value": 0.21, "code": "1"}, False),
        ({"value": 0.40, "code": "{fraction}"}, True),
    ],
)
def test_more_oxygen_than_air_has_is_supplemental(quantity: dict[str, Any], supplemental: bool) -> None:
    def breathe(bundle: Bundle) -> None:
        found = resource(bundle, "Observation", "3151-8")
        found["code"]["coding"][0]["code"] = "3150-6"
        found["valueQuantity"] = {"system": UCUM, **quantity}

    assert signs(visit(breathe))["o2_suplementar"] is supplemental


def test_a_death_is_said_in_our_words() -> None:
    def expire(bundle: Bundle) -> None:
        stay = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Encounter")
        coding = {"system": "http://terminology.hl7.org/CodeSystem/discharge-disposition", "code": "exp"}
        stay["hospitalization"]["dischargeDisposition"] = {"coding": [coding | {"display": "Expired"}]}

    assert visit(expire, "alta").request.model_dump()["motivo_saida"] == "óbito"


def test_no_allergy_resource_means_not_informed() -> None:
    def drop(bundle: Bundle) -> None:
        bundle["entry"] = [e for e in bundle["entry"] if e["resource"]["resourceType"] != "AllergyIntolerance"]

    document = visit(drop)
    assert document.request.model_dump()["alergias"] is None
    assert "alergias" in document.report.ausentes


def test_no_known_allergy_means_none() -> None:
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "716186003"}], "text": "Nega alergias"}
    document = visit(lambda b: resource(b, "AllergyIntolerance").update(code=code))
    assert document.request.model_dump()["alergias"] == []


@pytest.mark.parametrize(("element", "code"), [("verificationStatus", "refuted"), ("clinicalStatus", "resolved")])
def test_an_allergy_that_does_not_stand_is_reported(element: str, code: str) -> None:
    document = visit(lambda b: resource(b, "AllergyIntolerance").update({element: {"coding": [{"code": code}]}}))
    assert document.request.model_dump()["alergias"] is None
    assert "alergia_nao_vigente" in pending(document)


def test_a_stopped_drug_is_not_in_use() -> None:
    document = visit(lambda b: resource(b, "MedicationStatement").update(status="stopped"))
    names = [drug["nome"] for drug in document.request.model_dump()["medicamentos"]]
    assert names == ["Losartana", "Novalgina"]
    assert "medicamento_nao_vigente" in pending(document)


def test_a_drug_may_be_a_resource_of_its_own() -> None:
    def referred(bundle: Bundle) -> None:
        statement = resource(bundle, "MedicationStatement")
        drug = {"resourceType": "Medication", "id": "m", "code": statement.pop("medicationCodeableConcept")}
        statement["contained"] = [drug]
        statement["medicationReference"] = {"reference": "#m"}

    assert visit(referred).request.model_dump()["medicamentos"][0]["nome"] == "Metformina"


def test_a_dose_without_a_unit_is_not_half_taken() -> None:
    def strip(bundle: Bundle) -> None:
        rate = resource(bundle, "MedicationStatement")["dosage"][0]["doseAndRate"][0]
        rate["doseQuantity"] = {"value": 850}

    document = visit(strip)
    assert document.request.model_dump()["medicamentos"][0]["dose"] is None
    assert "dose_sem_unidade" in pending(document)


def test_without_a_principal_diagnosis_none_is_chosen() -> None:
    with pytest.raises(UnusableDocument) as refused:
        visit(lambda b: resource(b, "Encounter").pop("diagnosis"), "internacao")
    assert [place for place, _, _ in refused.value.items] == ["cid_principal"]
    assert refused.value.report is not None
    assert "diagnostico_principal_ambiguo" in {item["codigo"] for item in refused.value.report["nao_compreendidos"]}


def test_the_role_names_the_principal_diagnosis_where_ranks_do_not() -> None:
    def roles(bundle: Bundle) -> None:
        for index, item in enumerate(resource(bundle, "Encounter")["diagnosis"]):
            del item["rank"]
            item["use"] = {"coding": [{"code": "AD" if index == 1 else "CM"}]}

    found = visit(roles, "internacao").request.model_dump()
    assert found["cid_principal"] == "E11.9"
    assert sorted(found["cids_secundarios"]) == ["I10", "J18.9", "J44.9"]


def test_a_refuted_or_past_diagnosis_is_none() -> None:
    refuted = {"coding": [{"code": "refuted"}]}
    document = visit(lambda b: resource(b, "Condition").update(verificationStatus=refuted))
    assert "J18.9" not in document.request.model_dump()["cids"]
    assert "diagnostico_anulado" in pending(document)


@pytest.mark.parametrize(
    ("elements", "urgency"),
    [
        ({"priority": {"coding": [{"code": "EL"}]}}, "eletiva"),
        ({"priority": {"coding": [{"code": "02"}]}}, "urgencia"),
        ({"class": {"code": "EMER"}, "priority": None}, "urgencia"),
    ],
)
def test_urgency_of_an_admission(elements: dict[str, Any], urgency: str) -> None:
    def change(bundle: Bundle) -> None:
        encounter = resource(bundle, "Encounter")
        encounter.update(elements)
        if encounter["priority"] is None:
            del encounter["priority"]

    assert visit(change, "internacao").request.model_dump()["carater"] == urgency


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda b: resource(b, "Encounter").update(status="cancelled"), "atendimento_anulado"),
        (lambda b: b["entry"].append({"resource": copy.deepcopy(resource(b, "Encounter"))}), "varios_atendimentos"),
        (lambda b: resource(b, "Encounter").update(status=None), "sem_atendimento"),
    ],
)
def test_an_encounter_that_cannot_be_taken(change: Any, code: str) -> None:
    with pytest.raises(UnusableDocument) as refused:
        visit(change)
    assert code in [item for _, item, _ in refused.value.items]
