"""DG1 → CID-10 codes."""

from __future__ import annotations

from dataclasses import dataclass

from shared.clinical.identifiers import is_cid10
from shared.hl7.mapping import Mapping
from shared.hl7.message import Segment

_CID_SYSTEMS = {"", "I10", "I10C", "ICD10", "ICD-10", "CID10", "CID-10", "2.16.840.1.113883.6.3"}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One coded DG1: `kind` is DG1-6 (A admission, W working, F final), `primary` DG1-15 = 1."""

    code: str
    place: str
    kind: str
    primary: bool


def diagnoses(mapping: Mapping) -> list[Diagnosis]:
    """Those coded in CID-10, each code once; the others, and malformed codes, are reported."""
    found: dict[str, Diagnosis] = {}
    for segment in mapping.message.all("DG1"):
        coded = _coded(segment)
        if coded is None:
            mapping.odd(segment.at(3), "diagnostico_sem_cid", "DG1-3 não traz um código CID-10")
            continue
        code, component = coded
        place = segment.value(3).at(component)
        if not is_cid10(code):
            mapping.odd(place, "codigo_invalido", "não tem a forma de um código CID-10; não foi usado")
            continue
        found.setdefault(code, Diagnosis(code, place, segment.text(6).upper(), segment.text(15) == "1"))
    return list(found.values())


def _coded(segment: Segment) -> tuple[str, int] | None:
    value = segment.value(3)
    for code, system in ((1, 3), (4, 6)):
        if value.text(code) and value.text(system).upper() in _CID_SYSTEMS:
            return value.text(code).upper(), code
    return None


def put_first_diagnosis(mapping: Mapping, path: str) -> None:
    """The primary one, else the first → `path`."""
    known = diagnoses(mapping)
    if not known:
        mapping.absent(path)
        return
    chosen = next((diagnosis for diagnosis in known if diagnosis.primary), known[0])
    mapping.put(path, chosen.code, chosen.place)
