"""The patient's Observations by code: the latest counts, annulled ones and contradictions are reported, not used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.fhir.bundle import Bundle
from shared.fhir.codes import FIELD, LOINC, code_system
from shared.fhir.node import Found, Node
from shared.fhir.people import is_about

_ANNULLED = frozenset({"cancelled", "entered-in-error"})
FRAME = ("code", "category", "performer", "issued", "effectiveDateTime", "effectivePeriod", "effectiveInstant")
"""Elements of an Observation around its value: they choose which one counts, or repeat what the order says."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Measure:
    """One coded value: an Observation, or one of its components, which shares its moment."""

    observation: Node
    part: Node
    codes: frozenset[tuple[str, str]]

    @property
    def moment(self) -> Found | None:
        return effective(self.observation)

    @property
    def value(self) -> dict[str, Any]:
        """All that the part states as its value, for comparison."""
        return {name: item for name, item in self.part.value.items() if name.startswith("value")}


class Observations:
    """Those of a Bundle that are about the patient and stand."""

    def __init__(self, bundle: Bundle, patient: Node | None) -> None:
        self._bundle = bundle
        self.all: list[Measure] = []
        for node in bundle.of("Observation"):
            if stands(node, bundle) and is_about(node, patient, bundle):
                self.all += measures_of(node)

    def coded(self, system: str, codes: Iterable[str]) -> list[Measure]:
        """The measures with one of the codes, marked as used."""
        wanted = {(system, code) for code in codes}
        found = [measure for measure in self.all if measure.codes & wanted]
        for measure in found:
            self._bundle.use(measure.observation, *FRAME)
        return found

    def latest(self, *loinc: str, system: str = LOINC) -> Measure | None:
        """The most recent one. Several of the same moment that differ are reported, and none is used."""
        found = self.coded(system, loinc)
        if not found:
            return None
        newest = max(instant(measure.moment) for measure in found)
        current = [measure for measure in found if instant(measure.moment) == newest]
        if all(measure.value == current[0].value for measure in current):
            return current[0]
        for measure in current:
            detail = "o mesmo dado, no mesmo momento, com outro valor; nenhum foi usado"
            self._bundle.reading.puzzle(measure.part.place, "valores_contraditorios", detail)
        return None

    def field(self, name: str) -> Found | None:
        """What an Observation coded with one of our own field names says."""
        measure = self.latest(name, system=FIELD)
        return None if measure is None else stated(measure.part)


def stands(node: Node, bundle: Bundle) -> bool:
    """False, and reported, for an Observation that was cancelled or entered in error."""
    status = node.leaf("status")
    if status is None or status.value not in _ANNULLED:
        return True
    bundle.use(node)
    bundle.reading.puzzle(status.place, "resultado_anulado", "cancelado ou registrado por engano; não foi usado")
    return False


def measures_of(node: Node) -> list[Measure]:
    """The Observation itself when it has a value, and each of its components."""
    parts = [*([node] if any(name.startswith("value") for name in node.value) else []), *node.children("component")]
    return [Measure(node, part, _codes(part)) for part in parts]


def effective(node: Node) -> Found | None:
    """When the observed was so: `effective[x]`, not when it was issued."""
    found = node.leaf("effectiveDateTime", "effectiveInstant")
    period = node.child("effectivePeriod")
    return found or (period.leaf("start") if period else None)


def instant(moment: Found | None) -> datetime:
    """For ordering only: a partial or absent date counts as its earliest instant."""
    if moment is None:
        return _NEVER
    try:
        parsed = datetime.fromisoformat(str(moment.value))
    except ValueError:
        return _NEVER
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def stated(part: Node) -> Found | None:
    """A plain value, of whatever type it is."""
    found = part.leaf("valueBoolean", "valueInteger", "valueString", "valueDateTime")
    quantity, concept = part.child("valueQuantity"), part.child("valueCodeableConcept")
    if found is None and quantity is not None:
        found = quantity.leaf("value")
    codings = concept.children("coding") if concept else []
    return found or next((code for coding in codings if (code := coding.leaf("code"))), None)


def _codes(part: Node) -> frozenset[tuple[str, str]]:
    concept = part.child("code")
    codings = concept.children("coding") if concept else []
    return frozenset((code_system(coding), coding.text("code")) for coding in codings)
