"""Laboratory reports and orders: which results count, in which units, of which sample, and when."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from api.documents import Document
from handlers.exames.requests.hemograma import PedidoHemograma
from handlers.exames.rules.hemograma.evaluation import avaliar
from shared.errors import UnusableDocument
from tests.fixtures.fhir import changed, pending, read, resource

Bundle = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
PLATELETS, HEMOGLOBIN, LEUKOCYTES, HEMATOCRIT = "777-3", "718-7", "6690-2", "4544-3"


def report(change: Any) -> Document:
    return read("hemograma", changed("hemograma", change))


def refusal(name: str, change: Any) -> UnusableDocument:
    with pytest.raises(UnusableDocument) as refused:
        read(name, changed(name, change))
    return refused.value


def line(document: Document, parameter: str) -> dict[str, Any]:
    lines = document.request.model_dump()["resultados"]
    found: dict[str, Any] = next(item for item in lines if item["parametro"] == parameter)
    return found


def valued(code: str, unit: str, value: float) -> Document:
    def change(bundle: Bundle) -> None:
        result = resource(bundle, "Observation", code)
        result["valueQuantity"] = {"value": value, "system": UCUM, "code": unit}
        result.pop("referenceRange", None)

    return report(change)


@pytest.mark.parametrize(
    ("code", "parameter", "unit", "value"),
    [
        (PLATELETS, "plaquetas", "10*9/L", 12),
        (PLATELETS, "plaquetas", "{cells}/uL", 12000),
        (LEUKOCYTES, "leucocitos", "10*3/mm3", 5.2),
        (HEMOGLOBIN, "hemoglobina", "g/L", 102),
        (HEMATOCRIT, "hematocrito", "L/L", 0.306),
    ],
)
def test_ucum_units_of_laboratories(code: str, parameter: str, unit: str, value: float) -> None:
    assert line(valued(code, unit, value), parameter)["valor"] == Decimal(str(value))


@pytest.mark.parametrize(
    ("unit", "code", "element"),
    [
        ("mmol/L", "unidade_desconhecida", "valueQuantity.code"),
        ("g/mL", "unidade_desconhecida", "valueQuantity.code"),
        ("g/L", "valor_implausivel", "valueQuantity.value"),
    ],
)
def test_an_impossible_unit_is_reported_at_its_place_and_the_platelets_still_alert(
    unit: str, code: str, element: str
) -> None:
    document = valued(HEMOGLOBIN, unit, 10.2)
    (place,) = [item.onde for item in document.report.nao_compreendidos if item.codigo == code]
    assert place.endswith(element)
    evaluation = avaliar(PedidoHemograma.model_validate(document.request.model_dump()))
    motives = [found.evidencia["motivo"] for found in evaluation.achados if "motivo" in found.evidencia]
    assert (motives, [found.codigo for found in evaluation.criticos]) == ([code], ["critico_plaquetas"])


def test_codes_without_method_are_the_same_parameters() -> None:
    document = report(lambda b: resource(b, "Observation", PLATELETS)["code"]["coding"][0].update(code="26515-7"))
    assert line(document, "plaquetas")["valor"] == 12


def test_a_corrected_leukocyte_count_says_so() -> None:
    document = report(lambda b: resource(b, "Observation", LEUKOCYTES)["code"]["coding"][0].update(code="33256-9"))
    assert line(document, "leucocitos")["valor"] == 5200
    assert document.request.model_dump()["leucocitos_ja_corrigidos"] is True


def test_a_range_in_another_unit_is_not_the_values_range() -> None:
    def change(bundle: Bundle) -> None:
        bounds = resource(bundle, "Observation", HEMOGLOBIN)["referenceRange"][0]
        bounds["low"] = {"value": 115, "system": UCUM, "code": "g/L"}

    document = report(change)
    assert line(document, "hemoglobina")["ref_min"] is None
    assert line(document, "hemoglobina")["ref_max"] == Decimal("14.9")
    assert "faixa_em_outra_unidade" in pending(document)


def test_only_the_normal_range_is_one() -> None:
    def change(bundle: Bundle) -> None:
        result = resource(bundle, "Observation", HEMOGLOBIN)
        critical = {"type": {"coding": [{"code": "critical"}]}, "low": {"value": 7}}
        result["referenceRange"] = [critical, *result["referenceRange"], {"text": "ver laudo"}]

    document = report(change)
    assert line(document, "hemoglobina")["ref_min"] == Decimal("11.5")
    assert "faixa_sem_uso" in pending(document)


def test_a_long_name_of_a_sample_delays_no_result() -> None:
    document = report(lambda bundle: resource(bundle, "Specimen").update(type={"text": "sangue " * 60}))
    assert document.request.model_dump()["amostra"] == ("sangue " * 60)[:120].strip()
    assert "texto_reduzido" in pending(document)


def test_a_result_of_another_sample_is_set_aside() -> None:
    def change(bundle: Bundle) -> None:
        specimen = copy.deepcopy(resource(bundle, "Specimen"))
        bundle["entry"].append({"fullUrl": "urn:uuid:other", "resource": specimen})
        resource(bundle, "Observation", HEMOGLOBIN)["specimen"] = {"reference": "urn:uuid:other"}

    document = report(change)
    assert "hemoglobina" not in [item["parametro"] for item in document.request.model_dump()["resultados"]]
    assert "amostra_divergente" in pending(document)


def test_the_same_result_twice_is_one_and_two_different_ones_are_both_passed_on() -> None:
    def twice(value: float) -> Any:
        def change(bundle: Bundle) -> None:
            other = copy.deepcopy(resource(bundle, "Observation", PLATELETS))
            other["code"]["coding"][0]["code"] = "26515-7"
            other["valueQuantity"]["value"] = value
            bundle["entry"].append({"fullUrl": "urn:uuid:twice", "resource": other})
            resource(bundle, "DiagnosticReport")["result"].append({"reference": "urn:uuid:twice"})

        return change

    for value, lines in ((12, 1), (250, 2)):
        document = report(twice(value))
        assert "resultado_repetido" in pending(document)
        results = document.request.model_dump()["resultados"]
        assert [item["parametro"] for item in results].count("plaquetas") == lines


@pytest.mark.parametrize(
    ("value", "code", "read"),
    [
        ({"valueString": "agregadas"}, "nao_numerico", {"valor_texto": "agregadas"}),
        ({"valueString": "x" * 300}, "nao_numerico", {"valor_texto": "x" * 40}),
        ({"valueCodeableConcept": {"text": "Incontáveis"}}, "nao_numerico", {"valor_texto": "Incontáveis"}),
        ({"valueRange": {"high": {"value": 5}}}, "nao_numerico", {"valor_texto": "valueRange"}),
        (
            {"valueQuantity": {"value": 5, "comparator": "<", "code": "10*3/uL"}},
            "valor_com_comparador",
            {"valor": 5, "comparador": "<", "unidade": "10*3/uL"},
        ),
        ({"valueQuantity": {"value": 12}}, "unidade_desconhecida", {"valor": 12, "unidade": None}),
    ],
)
def test_a_result_that_is_no_measurement_is_reported_and_passed_on_as_it_is(
    value: dict[str, Any], code: str, read: dict[str, Any]
) -> None:
    def change(bundle: Bundle) -> None:
        result = resource(bundle, "Observation", PLATELETS)
        del result["valueQuantity"]
        result.update(value)

    document = report(change)
    assert line(document, "plaquetas").items() >= read.items()
    assert code in pending(document)


def test_a_result_without_any_value_is_reported() -> None:
    def change(bundle: Bundle) -> None:
        result = resource(bundle, "Observation", PLATELETS)
        result["valueQuantity"] = {"unit": "mil/mm³"}

    document = report(change)
    assert "plaquetas" not in [item["parametro"] for item in document.request.model_dump()["resultados"]]
    assert "sem_valor" in pending(document)


def test_a_report_without_effective_time_uses_the_issue_and_says_so() -> None:
    def change(bundle: Bundle) -> None:
        bundle["entry"] = [e for e in bundle["entry"] if e["resource"].get("effectiveDateTime", "9") > "2026-11-20"]
        for entry in bundle["entry"]:
            entry["resource"].pop("effectiveDateTime", None)
            entry["resource"].pop("collection", None)

    document = report(change)
    assert document.request.model_dump()["coleta_em"].isoformat() == "2026-11-20T08:55:00-03:00"
    assert "coleta_pela_emissao" in pending(document)


def test_the_previous_report_is_the_previous_hemogram() -> None:
    previous = report(lambda _: None).request.model_dump()["anterior"]
    assert previous["coleta_em"].isoformat() < "2026-11-20"
    assert len(previous["resultados"]) > 0


def test_a_result_that_the_report_does_not_reach_is_named_and_holds_nothing_up() -> None:
    def break_one(bundle: Bundle) -> None:
        newest = max(
            (e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "DiagnosticReport"),
            key=lambda found: found["effectiveDateTime"],
        )
        newest["result"][0] = {"reference": "Observation/nowhere"}

    document = report(break_one)
    assert {"referencia_nao_resolvida", "resultado_fora_do_laudo"} <= set(pending(document))
    before, after = (read.request.model_dump() for read in (report(lambda _: None), document))
    assert len(after["resultados"]) == len(before["resultados"]) - 1
    assert after["anterior"] == before["anterior"]
    assert avaliar(PedidoHemograma.model_validate(document.request.model_dump())).criticos


def test_observations_alone_are_split_by_time() -> None:
    """A laboratory's RNDS document has a Composition and Observations, and no DiagnosticReport."""

    def change(bundle: Bundle) -> None:
        bundle["entry"] = [e for e in bundle["entry"] if e["resource"]["resourceType"] != "DiagnosticReport"]

    whole, alone = report(lambda _: None).request.model_dump(), report(change).request.model_dump()
    assert (alone["resultados"], alone["anterior"]) == (whole["resultados"], whole["anterior"])


def test_an_annulled_report_is_none() -> None:
    def change(bundle: Bundle) -> None:
        for entry in bundle["entry"]:
            if entry["resource"]["resourceType"] in ("DiagnosticReport", "Observation"):
                entry["resource"]["status"] = "entered-in-error"

    assert refusal("hemograma", change).items


def test_a_bundle_without_results() -> None:
    keep = ("Patient", "Practitioner")

    def change(bundle: Bundle) -> None:
        bundle["entry"] = [e for e in bundle["entry"] if e["resource"]["resourceType"] in keep]

    assert [code for _, code, _ in refusal("hemograma", change).items] == ["sem_resultado"]


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ({"status": "revoked"}, "pedido_nao_vigente"),
        ({"doNotPerform": True}, "pedido_negado"),
        ({"code": {"coding": [{"system": "urn:local", "code": "HMG"}]}}, "campo_ausente"),
    ],
)
def test_orders_that_ask_for_nothing_we_know(elements: dict[str, Any], code: str) -> None:
    error = refusal("exame", lambda b: resource(b, "ServiceRequest").update(elements))
    assert [item for _, item, _ in error.items] == [code]


def test_the_reason_may_be_a_condition() -> None:
    def change(bundle: Bundle) -> None:
        order = resource(bundle, "ServiceRequest")
        condition = {
            "resourceType": "Condition",
            "subject": order["subject"],
            "code": {"text": "Anemia", "coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "D64.9"}]},
        }
        bundle["entry"].append({"fullUrl": "urn:uuid:anaemia", "resource": condition})
        del order["reasonCode"]
        order["reasonReference"] = [{"reference": "urn:uuid:anaemia"}]

    found = read("exame", changed("exame", change)).request.model_dump()
    assert (found["indicacao_clinica"], found["cid"]) == ("Anemia", "D64.9")


@pytest.mark.parametrize(("unit", "value", "expected"), [("mg/dL", 2.1, "2.1"), ("umol/L", 186, "2.1040692")])
def test_creatinine_in_both_units(unit: str, value: float, expected: str) -> None:
    quantity = {"value": value, "system": UCUM, "code": unit}
    change = changed("imagem", lambda b: resource(b, "Observation", "2160-0").update(valueQuantity=quantity))
    assert read("imagem", change).request.model_dump()["creatinina_mg_dl"] == Decimal(expected)


@pytest.mark.parametrize(
    ("unit", "value", "code"),
    [("mg/dL", 186, "valor_implausivel"), ("U/L", 1.1, "unidade_nao_aceita"), ("umol/L", 2.1, "valor_implausivel")],
)
def test_a_creatinine_in_an_impossible_unit_is_missing_and_the_order_goes_on(
    unit: str, value: float, code: str
) -> None:
    quantity = {"value": value, "system": UCUM, "code": unit}
    change = changed("imagem", lambda b: resource(b, "Observation", "2160-0").update(valueQuantity=quantity))
    document = read("imagem", change)
    assert document.request.model_dump()["creatinina_mg_dl"] is None
    assert code in pending(document)


@pytest.mark.parametrize(
    ("safety", "expected"), [("C106047", "inseguro"), ("C106046", "condicional"), ("C101673", "desconhecido")]
)
def test_an_implant_and_its_safety_in_the_magnet(safety: str, expected: str) -> None:
    def change(bundle: Bundle) -> None:
        device = {
            "resourceType": "Device",
            "patient": resource(bundle, "ServiceRequest")["subject"],
            "deviceName": [{"name": "Marca-passo", "type": "user-friendly-name"}],
            "safety": [{"coding": [{"code": safety}]}],
        }
        bundle["entry"].append({"resource": device})

    found = read("imagem", changed("imagem", change)).request.model_dump()["dispositivos"]
    assert found == [{"descricao": "Marca-passo", "seguranca_rm": expected}]


def test_diagnoses_can_say_dialysis_but_never_deny_it() -> None:
    def change(bundle: Bundle) -> None:
        bundle["entry"] = [e for e in bundle["entry"] if "dialise" not in str(e)]
        condition = {
            "resourceType": "Condition",
            "subject": resource(bundle, "ServiceRequest")["subject"],
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "Z992"}]},
        }
        bundle["entry"].append({"resource": condition})

    assert read("imagem", changed("imagem", change)).request.model_dump()["dialise"] is True


def test_the_address_names_the_modality_and_a_contradiction_is_refused() -> None:
    with pytest.raises(UnusableDocument) as refused:
        read("imagem", changed("imagem", lambda _: None), tipo_exame="rm")
    ((place, _, reason),) = refused.value.items
    assert place.endswith("code.coding[0].code")
    assert "tipo_exame" in reason
    synonym = read("imagem", changed("imagem", lambda _: None), tipo_exame="Tomografia")
    assert synonym.request.model_dump()["tipo_exame"] == "tc"
