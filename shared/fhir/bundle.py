"""A Bundle opened: resources validated one by one, references resolved, what cannot be used set aside and reported.

Resources are checked with the R4B models of fhir.resources, whose definitions of the types read here are those of
R4 (4.0.1). One bad resource does not spoil the others: it is reported, and whatever needed it is missing.
"""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import BaseModel

from shared.errors import UnusableDocument
from shared.fhir.document import read_json
from shared.fhir.node import Node
from shared.fhir.reading import Reading
from shared.fhir.references import References
from shared.fhir.resources import ENVELOPES, usable
from shared.interop import Mapped

_TYPES = ("collection", "message", "transaction", "batch", "document")
_MOST_ENTRIES = 1_000  # far more than one event needs; each costs up to a millisecond
_NOT_CONTENT = {"resourceType", "id", "meta", "text", "language", "contained", "subject", "patient", "encounter"} | {
    "status",
    "intent",
}
"""Elements that name or link a resource rather than say something of the patient."""
_STATEMENTS = frozenset({"AllergyIntolerance", "CarePlan", "ClinicalImpression", "Condition", "Coverage"}) | {
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Procedure",
}
"""What says something of the patient wherever it stands; a patient or an order inside another resource is a copy."""
_ANNULLED = ("cancelled", "entered-in-error")


class Bundle:
    """The usable resources of a Bundle. Whoever maps one marks it with `use`."""

    def __init__(self, body: bytes, reading: Reading) -> None:
        """Raises UnusableDocument when this is no Bundle that can be read."""
        self.reading = reading
        document = read_json(body)
        _refuse_other_documents(document)
        self._identifier = document.get("identifier")
        self._used: set[str] = set()
        self.references = References(reading)
        self.resources = self._open(document.get("entry"))

    def of(self, *kinds: str) -> list[Node]:
        """The resources of these types, in the order of the document, and the statements contained in others."""
        return [node for node in self.resources if node.kind in kinds and self._counts(node)]

    def use(self, node: Node, *understood: str) -> Node:
        """Mark a resource as used; `understood` names elements that need no field of their own."""
        self._used.add(node.place)
        node.read.update(understood)
        return node

    def follow(self, reference: Node | None, source: Node, *kinds: str) -> Node | None:
        """The resource that `source` refers to, marked as used; an unresolved or unexpected one is reported."""
        if reference is None:
            return None
        found = self.references.resolve(reference, source)
        if found is None:
            return None
        if kinds and found.kind not in kinds:
            self.reading.puzzle(reference.place, "referencia_inesperada", f"esperava {' ou '.join(kinds)}")
            return None
        return self.use(found)

    def finish(self, request: type[BaseModel], from_elsewhere: tuple[str, ...] = ()) -> Mapped:
        """The payload and the report, which also names every resource and element that filled no field."""
        self._report_unused()
        mapped = self.reading.finish(request, from_elsewhere)
        mapped.key = _key(self._identifier, request)
        return mapped

    def unusable(self, place: str, code: str, reason: str) -> UnusableDocument:
        """A refusal that also tells what was not understood so far, which is often why."""
        return UnusableDocument([(place, code, reason)], self.reading.report([]).model_dump())

    def _counts(self, node: Node) -> bool:
        """A contained resource has no life of its own: it stands and falls with the one that holds it."""
        holder = self.references.holder(node)
        if holder is None:
            return True
        return node.kind in _STATEMENTS and holder.value.get("status") not in _ANNULLED

    def _report_unused(self) -> None:
        for node in self.resources:
            if node.place not in self._used and node.kind not in ENVELOPES:
                self.reading.puzzle(node.place, "recurso_sem_uso", f"{node.kind} não preenche campo deste evento")
            elif node.place in self._used:
                for name in sorted(node.value.keys() - node.read - _NOT_CONTENT):
                    detail = f"{node.kind}.{name.lstrip('_')} não preenche campo deste evento"
                    self.reading.puzzle(f"{node.place}.{name}", "elemento_sem_uso", detail)

    def _open(self, entries: Any) -> list[Node]:
        opened: list[Node] = []
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            place = f"Bundle.entry[{index}]"
            node = self._resource(entry, place)
            if node is not None and self.references.add(node, entry.get("fullUrl")):
                opened.append(node)
        contradicted = self.references.contradicted
        kept = [node for node in opened if node.place not in contradicted]
        return [each for node in kept for each in (node, *self.references.inside(node))]

    def _resource(self, entry: Any, place: str) -> Node | None:
        if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
            self.reading.puzzle(place, "entrada_sem_recurso", "a entrada não traz um recurso")
            return None
        request = entry.get("request")
        if isinstance(request, dict) and request.get("method") not in ("POST", "PUT"):
            self.reading.puzzle(place, "operacao_nao_aceita", "somente POST e PUT trazem conteúdo para uma tarefa")
            return None
        node = Node(f"{place}.resource", entry["resource"])
        return node if usable(node, self.reading) else None


def _refuse_other_documents(document: dict[str, Any]) -> None:
    if document.get("resourceType") != "Bundle":
        raise _unusable("Bundle.resourceType", "nao_e_bundle", "envie um Bundle; um recurso solto não é aceito")
    if "fhirVersion" in document:
        raise _unusable("Bundle.fhirVersion", "versao_fhir", "um Bundle R4 não declara fhirVersion; envie FHIR R4")
    if document.get("type") not in _TYPES:
        raise _unusable("Bundle.type", "tipo_de_bundle", f"deve ser um de: {', '.join(_TYPES)}")
    if not isinstance(document.get("entry"), list) or not document["entry"]:
        raise _unusable("Bundle.entry", "bundle_vazio", "o Bundle não traz recursos")
    if len(document["entry"]) > _MOST_ENTRIES:
        raise _unusable("Bundle.entry", "entradas_demais", f"mais de {_MOST_ENTRIES} entradas: envie menos por Bundle")


def _key(identifier: Any, request: type[BaseModel]) -> str | None:
    """A hash of Bundle.identifier, which the standard makes unique to one Bundle, and of what it is read as."""
    if not isinstance(identifier, dict) or not isinstance(identifier.get("value"), str):
        return None
    own = f"{request.__name__}|{identifier.get('system')}|{identifier['value']}"
    return "fhir:" + hashlib.sha256(own.encode("utf-8", "surrogatepass")).hexdigest()


def _unusable(place: str, code: str, reason: str) -> UnusableDocument:
    return UnusableDocument([(place, code, reason)])
