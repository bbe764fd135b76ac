"""Claims for authorisation and DeviceRequests as OPME requests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from shared.errors import UnusableDocument
from tests.fixtures.fhir import changed, pending, read, resource

Bundle = dict[str, Any]


def requested(change: Any, name: str = "solicitacao") -> dict[str, Any]:
    document = read(name, changed(name, change))
    return document.request.model_dump() | {"_pending": pending(document), "_missing": document.report.ausentes}


def test_a_claim_that_asks_for_money_is_no_request() -> None:
    with pytest.raises(UnusableDocument) as refused:
        requested(lambda b: resource(b, "Claim").update(use="claim"))
    assert [code for _, code, _ in refused.value.items] == ["nao_e_pedido_de_autorizacao"]


def test_another_currency_is_not_converted() -> None:
    found = requested(lambda b: resource(b, "Claim")["item"][0]["net"].update(currency="USD"))
    assert found["itens"][0]["valor_solicitado"] is None
    assert "moeda_nao_aceita" in found["_pending"]


def test_an_incomplete_item_is_for_the_rules_to_judge() -> None:
    def strip(bundle: Bundle) -> None:
        item = resource(bundle, "Claim")["item"][0]
        bundle["entry"] = [e for e in bundle["entry"] if e["resource"]["resourceType"] != "Device"]
        del item["net"], item["quantity"]

    found = requested(strip)
    assert found["itens"][0]["codigo"] == "0702030082"
    assert found["itens"][0]["registro_anvisa"] is None
    assert "referencia_nao_resolvida" in found["_pending"]


def test_an_empty_item_does_not_shift_the_next() -> None:
    def insert(bundle: Bundle) -> None:
        empty = {"sequence": 9, "productOrService": {"coding": [{"system": "urn:local", "code": "x"}]}}
        resource(bundle, "Claim")["item"].insert(0, empty)

    assert [item["codigo"] for item in requested(insert)["itens"]] == ["0702030082"]


@pytest.mark.parametrize(("code", "expected"), [("stat", "urgencia"), ("deferred", "eletiva"), ("something", "outros")])
def test_priorities(code: str, expected: str) -> None:
    priority = {"coding": [{"code": code}]}
    assert requested(lambda b: resource(b, "Claim").update(priority=priority))["carater"] == expected


def test_the_first_diagnosis_in_sequence_counts() -> None:
    def add(bundle: Bundle) -> None:
        claim = resource(bundle, "Claim")
        coding = {"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10"}
        claim["diagnosis"].insert(0, {"sequence": 2, "diagnosisCodeableConcept": {"coding": [coding]}})

    found = requested(add)
    assert found["cid"] == "M16.1"
    assert "diagnostico_adicional" in found["_pending"]


def test_three_quotations_keep_their_parts() -> None:
    quotations = requested(lambda _: None)["cotacoes"]
    assert [quotation["valor"] for quotation in quotations] == [
        Decimal("7450.00"),
        Decimal("8120.00"),
        Decimal("7990.50"),
    ]
    assert all(quotation["fabricante"] and quotation["cnpj"] for quotation in quotations)


def test_an_implant_has_side_size_material_lot_and_udi() -> None:
    found = requested(lambda _: None, "protese")
    assert found["lado"] == "direito"
    assert all(found[name] for name in ("dimensao", "material", "lote", "udi"))


def test_device_requests_alone_make_a_request() -> None:
    def rewrite(bundle: Bundle) -> None:
        claim = resource(bundle, "Claim")
        procedure = claim["procedure"][0]["procedureCodeableConcept"]
        diagnosis = claim["diagnosis"][0]["diagnosisCodeableConcept"]
        order = {
            "resourceType": "DeviceRequest",
            "status": "active",
            "intent": "order",
            "priority": "routine",
            "codeReference": claim["item"][0]["udi"][0],
            "subject": claim["patient"],
            "authoredOn": "2026-11-16T10:00:00-03:00",
            "requester": claim["careTeam"][0]["provider"],
            "reasonCode": [diagnosis],
            "note": [{"text": "Coxartrose primária grave."}],
        }
        planned = {"resourceType": "ServiceRequest", "status": "active", "intent": "plan", "subject": claim["patient"]}
        bundle["entry"] = [e for e in bundle["entry"] if e["resource"]["resourceType"] != "Claim"]
        bundle["entry"] += [{"resource": order}, {"resource": {**planned, "code": procedure}}]

    found = requested(rewrite)
    assert (found["cid"], found["procedimento"], found["carater"]) == ("M16.1", "0408040084", "eletiva")
    assert found["data_solicitacao"].isoformat() == "2026-11-16"
    assert found["itens"][0]["registro_anvisa"] == "80123450017"
    assert found["profissional"]["crm"] == "88214"


def test_neither_claim_nor_device_request() -> None:
    with pytest.raises(UnusableDocument) as refused:
        requested(lambda b: b.update(entry=b["entry"][:3]))
    assert [code for _, code, _ in refused.value.items] == ["sem_pedido"]
