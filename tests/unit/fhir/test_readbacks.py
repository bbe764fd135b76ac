"""A domain says in `readback.py` what its results add to FHIR, or says nothing."""

from __future__ import annotations

import dataclasses
import sys
from decimal import Decimal
from types import ModuleType

import pytest

from handlers.registry import IncompleteDomain, load_readbacks
from shared.fhir.export import bundle
from shared.fhir.readback import LOINC, Readback
from tests.unit.fhir.results import DOMAINS, case_of


def test_a_domain_that_says_nothing_is_read_back_plainly() -> None:
    found = load_readbacks(DOMAINS["ingestao"], ["handlers"])
    assert found == {event.name: Readback() for event in DOMAINS["ingestao"].events}
    plain = dataclasses.replace(case_of("exames.hemograma"), readback=Readback())
    resources = [entry["resource"] for entry in bundle(plain)["entry"]]
    assert resources[0]["resourceType"] == "Composition"
    assert not any("category" in resource for resource in resources)


def test_an_event_that_does_not_exist_fails_at_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = ModuleType("handlers.exames.readback")
    odd.READBACK = {"raio": Readback()}  # type: ignore[attr-defined]
    odd.__spec__ = sys.modules["handlers.exames.domain"].__spec__
    monkeypatch.setitem(sys.modules, "handlers.exames.readback", odd)
    with pytest.raises(IncompleteDomain, match="READBACK in handlers/exames/readback.py: no such events: raio"):
        load_readbacks(DOMAINS["exames"], ["handlers"])


def test_a_vital_sign_that_was_not_measured_is_not_there() -> None:
    case = case_of("clinico.consulta")
    signs = {item.field: item for item in case.readback.measured(case.request)}
    assert {"fr_irpm", "pas_mmhg", "temperatura_c"} <= signs.keys()
    assert {item.unit for item in signs.values()} <= {"/min", "%", "mm[Hg]", "Cel", "{score}"}
    without = case.request.model_copy(update={"sinais_vitais": None})
    assert case.readback.measured(without) == []


def test_a_sign_that_was_set_aside_enters_no_chart_as_a_measurement() -> None:
    case = case_of("clinico.consulta")
    odd = case.request.sinais_vitais.model_copy(update={"temperatura_c": Decimal(365), "glasgow": 2})  # type: ignore[attr-defined]
    signs = {item.field for item in case.readback.measured(case.request.model_copy(update={"sinais_vitais": odd}))}
    assert {"fr_irpm", "pas_mmhg"} <= signs and not {"temperatura_c", "glasgow"} & signs


def test_every_change_between_hemograms_has_its_unit_and_a_loinc_code_only_loincs_words() -> None:
    case = case_of("exames.hemograma")
    observed = [entry["resource"] for entry in bundle(case)["entry"] if "valueQuantity" in entry["resource"]]
    changes = [item for item in observed if item["code"].get("text", "").startswith("variacao_")]
    assert changes and all(item["valueQuantity"]["code"] for item in changes)
    codings = [coding for item in observed for coding in item["code"]["coding"] if coding["system"] == LOINC]
    assert codings and not any("display" in coding for coding in codings)
