"""Finding the resource a reference means: by fullUrl, relative to it, inside the resource, or by identifier."""

from __future__ import annotations

from typing import Any

from shared.fhir.node import Node
from shared.fhir.reading import Reading
from shared.fhir.resources import usable

_UNRESOLVED = "o recurso referido não está no Bundle ou não pôde ser usado"
_FROM_A_LOGICAL_REFERENCE = ("Organization", "Practitioner")


class References:
    """The index of one Bundle's resources."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._by_url: dict[str, Node] = {}
        self._by_id: dict[str, list[Node]] = {}
        self._url_of: dict[str, str] = {}
        self._by_identity: dict[tuple[str, str], list[Node]] = {}
        self._contained: dict[tuple[str, str], Node] = {}
        self._inside: dict[str, list[Node]] = {}
        self._holder_of: dict[str, Node] = {}
        self._found: dict[str, Node | None] = {}
        self.contradicted: set[str] = set()
        """Places of resources that the Bundle states twice, differently: none of the versions is used."""

    def add(self, node: Node, full_url: Any) -> bool:
        """Index a resource. False: the same one again. Two versions of one are both set aside and reported."""
        relative = f"{node.kind}/{node.value['id']}" if isinstance(node.value.get("id"), str) else ""
        url = full_url if isinstance(full_url, str) and full_url else relative
        earlier = self._by_url.get(url) if url else None
        if earlier is not None:
            self._refuse_contradiction(node, earlier)
            return False
        if url:
            self._by_url[url] = node
            self._url_of[node.place] = url
        if relative:
            self._by_id.setdefault(relative, []).append(node)
        for identity in _identities(node):
            self._by_identity.setdefault(identity, []).append(node)
        self._add_contained(node)
        return True

    def inside(self, node: Node) -> list[Node]:
        """The usable resources contained in one of the Bundle's."""
        return self._inside.get(node.place, [])

    def holder(self, node: Node) -> Node | None:
        """The resource that contains this one; None for one of the Bundle's own."""
        return self._holder_of.get(node.place)

    def resolve(self, reference: Node, source: Node) -> Node | None:
        """The resource meant by a Reference of `source`; None, reported once, when it cannot be found."""
        if reference.place not in self._found:
            found = self._search(reference, source)
            if found is not None and found.place in self.contradicted:
                found = None
            if found is None:
                self._reading.puzzle(reference.place, "referencia_nao_resolvida", _UNRESOLVED)
            self._found[reference.place] = found
        return self._found[reference.place]

    def _search(self, reference: Node, source: Node) -> Node | None:
        target = reference.text("reference")
        if not target:
            return self._by_identifier(reference)
        if target.startswith("#"):
            return self._contained.get((_root(source.place), target[1:]))
        target = target.partition("/_history/")[0]
        if target in self._by_url:
            return self._by_url[target]
        base = self._base_of(_root(source.place), target)
        if base + target in self._by_url:
            return self._by_url[base + target]
        alike = self._by_id.get(target, [])
        return alike[0] if len(alike) == 1 else None

    def _base_of(self, root: str, target: str) -> str:
        """The server in the source's own fullUrl, against which a relative reference counts."""
        depth = target.count("/") + 1
        return "/".join(self._url_of.get(root, "").split("/")[:-depth]) + "/"

    def _by_identifier(self, reference: Node) -> Node | None:
        """A logical reference, as the RNDS writes them: a resource that bears the identifier, else what it says."""
        identifier = reference.child("identifier")
        if identifier is None or not identifier.text("value"):
            return None
        wanted = (identifier.text("system"), identifier.text("value"))
        bearers = self._by_identity.get(wanted, [])
        if bearers:
            return bearers[0] if len(bearers) == 1 else None
        return _stand_in(reference, identifier)

    def _add_contained(self, node: Node) -> None:
        for inner in node.children("contained"):
            if not usable(inner, self._reading):
                continue
            self._inside.setdefault(node.place, []).append(inner)
            self._holder_of[inner.place] = node
            if isinstance(identity := inner.value.get("id"), str):
                self._contained[(node.place, identity)] = inner

    def _refuse_contradiction(self, node: Node, earlier: Node) -> None:
        if node.value == earlier.value:
            self._reading.puzzle(node.place, "recurso_repetido", f"igual a {earlier.place}; lido uma vez")
            return
        self.contradicted.add(earlier.place)
        detail = f"o mesmo recurso que {earlier.place}, com outro conteúdo; nenhum dos dois foi usado"
        self._reading.puzzle(node.place, "duplicatas_contraditorias", detail)


def _stand_in(reference: Node, identifier: Node) -> Node | None:
    """An establishment or professional known only by number and name still fills its fields."""
    kind = reference.text("type") or "Organization"
    if kind not in _FROM_A_LOGICAL_REFERENCE:
        return None
    value: dict[str, Any] = {"resourceType": kind, "identifier": [identifier.value]}
    display = reference.leaf("display")
    if display:
        value["name"] = display.value if kind == "Organization" else [{"text": display.value}]
    return Node(reference.place, value)


def _identities(node: Node) -> set[tuple[str, str]]:
    items = node.value.get("identifier")
    items = items if isinstance(items, list) else [items]
    return {(str(item.get("system", "")), str(item.get("value", ""))) for item in items if isinstance(item, dict)}


def _root(place: str) -> str:
    return place.partition(".resource")[0] + ".resource"
