"""Resources inside others say what they would say beside them, and are not dropped in silence."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.fhir import changed, example, pending, read, resource

Bundle = dict[str, Any]


def move_inside(bundle: Bundle, holder: Bundle, kind: str) -> None:
    """Every resource of a type becomes a contained one of `holder`, referred to from there."""
    holder["contained"] = [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]
    urls = {id(entry["resource"]): entry["fullUrl"] for entry in bundle["entry"]}
    bundle["entry"] = [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] != kind]
    local = {}
    for number, inner in enumerate(holder["contained"]):
        inner["id"] = f"c{number}"
        local[urls[id(inner)]] = f"#c{number}"
    for item in (*holder.get("diagnosis", ()), *({"condition": result} for result in holder.get("result", ()))):
        item["condition"]["reference"] = local[item["condition"]["reference"]]


@pytest.mark.parametrize("name", ["consulta", "internacao", "alta"])
def test_contained_diagnoses_are_those_of_the_encounter(name: str) -> None:
    document = read(name, changed(name, lambda b: move_inside(b, resource(b, "Encounter"), "Condition")))
    assert document.request == read(name, example(name)).request


def test_results_contained_in_their_report_are_its_results() -> None:
    def change(bundle: Bundle) -> None:
        reports = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "DiagnosticReport"]
        latest = max(reports, key=lambda report: report["effectiveDateTime"])
        wanted = {result["reference"] for result in latest["result"]}
        others = [e for e in bundle["entry"] if e["resource"]["resourceType"] == "Observation"]
        apart = [e for e in others if e["fullUrl"] not in wanted]
        bundle["entry"] = [e for e in bundle["entry"] if e not in apart]
        move_inside(bundle, latest, "Observation")
        bundle["entry"] += apart

    document = read("hemograma", changed("hemograma", change))
    assert document.request == read("hemograma", example("hemograma")).request


def test_each_result_may_hold_a_copy_of_the_one_sample() -> None:
    def change(bundle: Bundle) -> None:
        sample = resource(bundle, "Specimen")
        url = next(entry["fullUrl"] for entry in bundle["entry"] if entry["resource"] is sample)
        holders = [e["resource"] for e in bundle["entry"] if _specimen_of(e["resource"]) == url]
        bundle["entry"] = [entry for entry in bundle["entry"] if entry["resource"] is not sample]
        for number, holder in enumerate(holders):
            reference = {"reference": f"#s{number}"}
            holder["contained"] = [{**sample, "id": f"s{number}"}]
            holder["specimen"] = [reference] if isinstance(holder["specimen"], list) else reference

    document = read("hemograma", changed("hemograma", change))
    assert document.request == read("hemograma", example("hemograma")).request
    assert not {"amostra_divergente", "recurso_sem_uso"} & pending(document)


def _specimen_of(holder: Bundle) -> str | None:
    stated = holder.get("specimen")
    first = stated[0] if isinstance(stated, list) else stated
    return first["reference"] if first else None


@pytest.mark.parametrize(
    ("holder", "rate"),
    [
        ({"status": "final"}, 61),
        ({"status": "entered-in-error"}, 24),
        ({"status": "final", "subject": {"reference": "urn:uuid:another"}}, 24),
    ],
    ids=["stands", "annulled", "another patient's"],
)
def test_what_is_contained_stands_and_falls_with_its_holder(holder: Bundle, rate: int) -> None:
    def change(bundle: Bundle) -> None:
        later = {**resource(bundle, "Observation", "9279-1"), "effectiveDateTime": "2026-11-18T09:40:00-03:00"}
        later |= {"id": "c", "valueQuantity": later["valueQuantity"] | {"value": 61}}
        later.pop("subject")
        panel = {"resourceType": "Observation", "code": {"text": "Sinais"}, "contained": [later], **holder}
        bundle["entry"] += [{"fullUrl": "urn:uuid:panel", "resource": panel}]

    document = read("consulta", changed("consulta", change))
    assert document.request.model_dump()["sinais_vitais"]["fr_irpm"] == rate


def test_a_contained_resource_that_fills_no_field_is_reported() -> None:
    def change(bundle: Bundle) -> None:
        resource(bundle, "Encounter")["contained"] = [{"resourceType": "Patient", "id": "copia", "birthDate": "1990"}]

    document = read("consulta", changed("consulta", change))
    unused = [item.onde for item in document.report.nao_compreendidos if item.codigo == "recurso_sem_uso"]
    assert any(".contained[0]" in place for place in unused)
