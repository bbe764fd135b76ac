"""A FHIR R4 Patient or Practitioner as the cells of a row (RNDS profiles BRIndividuo and BRProfissional)."""

from __future__ import annotations

import re
from typing import Any

from handlers.ingestao.rules.pessoas import Leitura
from shared.fhir.codes import naming_system
from shared.fhir.node import Node
from shared.register.records import Kind

_FIELDS = {"cpf": "cpf", "cns": "cns", "MR": "prontuario"}
_KINDS = {"Patient": Kind.PATIENT, "Practitioner": Kind.PHYSICIAN}
_COUNCIL = re.compile(r"(?:CRM)?[\s/-]*([A-Z]{2})[\s/-]*([0-9]{1,7}P?)|([0-9]{1,7}P?)[\s/-]*([A-Z]{2})")
_MOTHER = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
_MOTHER_ROLES = {"MTH", "mother"}

Campos = tuple[dict[str, str], str | None]
"""Cells by field name, or the code of why the resource is no row of this file."""


def campos_de_recurso(recurso: dict[str, Any], leitura: Leitura) -> Campos:
    """Tolerant of what it does not know; what fills no field is not kept: the resource itself is, in the file."""
    node = Node("", recurso)
    kind = _KINDS.get(node.kind)
    if kind is None:
        return {}, "recurso_sem_uso"
    if kind not in leitura.tipos:
        return {}, "recurso_de_outro_tipo"
    fields = {"nome": _name(node, "official", "") or _name(node, "usual")}
    fields["data_nascimento"] = node.text("birthDate")
    if kind is Kind.PATIENT:
        fields["nome_social"] = _name(node, "usual", "nickname") if _name(node, "official", "") else ""
        fields["sexo"] = node.text("gender")
        fields["nome_mae"] = _mother(node)
    for identifier in _identifiers(node):
        _take(identifier, fields)
    return {name: text for name, text in fields.items() if text}, None


def _name(node: Node, *uses: str) -> str:
    for name in node.children("name"):
        if name.text("use") in uses:
            parts = [str(found.value).strip() for found in name.leaves("given")]
            return name.text("text") or " ".join([*parts, name.text("family")]).strip()
    return ""


def _mother(node: Node) -> str:
    for contact in node.children("contact"):
        codes = {coding.text("code") for role in contact.children("relationship") for coding in role.children("coding")}
        name = contact.child("name")
        if codes & _MOTHER_ROLES and name is not None:
            return name.text("text")
    extensions = (extension for extension in node.children("extension") if extension.text("url") == _MOTHER)
    return next((extension.text("valueString") for extension in extensions), "")


def _identifiers(node: Node) -> list[Node]:
    inner = [identifier for item in node.children("qualification") for identifier in item.children("identifier")]
    return [item for item in (*node.children("identifier"), *inner) if item.text("use") != "old"]


def _take(identifier: Node, fields: dict[str, str]) -> None:
    system, value = naming_system(identifier), identifier.text("value")
    if system in _FIELDS:
        fields.setdefault(_FIELDS[system], value)
    elif system.partition("-")[0] == "crm":
        state, number = system.partition("-")[2].upper(), value
        match = _COUNCIL.fullmatch(value.upper())
        if match:
            state, number = (match[1], match[2]) if match[1] else (match[4], match[3])
        fields.setdefault("crm", number)
        fields.setdefault("uf", state)
