"""The diagnoses of an Encounter as CID-10 codes, the principal one apart."""

from __future__ import annotations

from shared.fhir.bundle import Bundle
from shared.fhir.codes import has_code
from shared.fhir.conditions import active_codes, condition_code
from shared.fhir.node import Found, Node

_PRINCIPAL_USES = ("DD", "AD", "CC")
"""HL7 diagnosis-role: discharge, admission, chief complaint; asked in this order when no rank says which is first."""


def map_diagnoses(bundle: Bundle, encounter: Node, patient: Node | None, only_list: str = "") -> None:
    """Fill `only_list`, or `cid_principal` and `cids_secundarios`.

    Several diagnoses of which none is named principal leave `cid_principal` missing: it is not ours to choose.
    """
    principal = _principal(bundle, encounter, patient)
    codes = active_codes(patient, bundle)
    if only_list:
        _fill(bundle, only_list, codes)
        return
    if principal is None and len(codes) == 1:
        principal = codes[0]
    elif principal is None and codes:
        detail = "nenhum diagnóstico tem rank 1 nem papel de principal (DD, AD ou CC)"
        bundle.reading.puzzle(f"{encounter.place}.diagnosis", "diagnostico_principal_ambiguo", detail)
    bundle.reading.put("cid_principal", principal)
    main = None if principal is None else principal.value
    _fill(bundle, "cids_secundarios", [code for code in codes if code.value != main])


def _principal(bundle: Bundle, encounter: Node, patient: Node | None) -> Found | None:
    diagnoses = encounter.children("diagnosis")
    first = [item for item in diagnoses if (rank := item.leaf("rank")) and rank.value == 1]
    by_use = [item for use in _PRINCIPAL_USES for item in diagnoses if has_code(item.child("use"), {use})]
    for item in first or by_use[:1]:
        condition = bundle.follow(item.child("condition"), encounter, "Condition")
        if condition is not None:
            return condition_code(condition, patient, bundle)
    return None


def _fill(bundle: Bundle, field: str, codes: list[Found]) -> None:
    for index, code in enumerate(codes):
        bundle.reading.put(f"{field}.{index}", code)
