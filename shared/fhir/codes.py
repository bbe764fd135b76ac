"""The code systems and identifier systems that Brazilian FHIR documents use, and how to find a code of one of them.

Systems are those of the RNDS (rnds.saude.gov.br, saude.gov.br), of its terminology server
(terminologia.saude.gov.br), of the ANS and of HL7; OIDs are those of the Brazilian OID tree ◇.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from shared.fhir.node import Found, Node

LOINC = "http://loinc.org"
ICD10 = "icd-10"
SIGTAP = "sigtap"
TUSS = "tuss"
CBO = "cbo"
FIELD = "urn:plantao:campo"
"""Codes that are our own field names, for what no standard code says (`visitas_ps_6m`, `ira_aguda`)."""

_OFFICIAL_HOSTS = ("saude.gov.br", "ans.gov.br", "anvisa.gov.br", "receita.gov.br")
_OIDS = {
    "urn:oid:2.16.840.1.113883.13.237": "cpf",
    "urn:oid:2.16.840.1.113883.13.236": "cns",
    "urn:oid:2.16.840.1.113883.13.36": "cnes",
    "urn:oid:2.16.840.1.113883.13.243": "crm",
}
_CODE_SYSTEMS = {
    "http://hl7.org/fhir/sid/icd-10": ICD10,
    "http://hl7.org/fhir/sid/icd-10-br": ICD10,
    "urn:oid:2.16.840.1.113883.6.3": ICD10,
    "brcid10": ICD10,
    "brtabelasus": SIGTAP,
    "sigtap": SIGTAP,
    "brcbo": CBO,
    "cbo": CBO,
    "https://loinc.org": LOINC,
}
_TUSS_TAIL = re.compile(r"(?:br)?tuss(?:-?(?:18|19|20|22|63|64))?")


def naming_system(identifier: Node) -> str:
    """`cpf`, `cns`, `cnes`, `crm`, `crm-sp`, … of an official system, the v2-0203 type (`MR`) otherwise; else empty."""
    system = identifier.text("system")
    if system in _OIDS:
        return _OIDS[system]
    if _official(system):
        return _tail(system)
    kind = identifier.child("type")
    codes = [coding.text("code") for coding in kind.children("coding")] if kind else []
    if not system:
        codes = [{"TAX": "cpf", "HC": "cns"}.get(code, code) for code in codes]
    return next((code for code in codes if code), "")


def code_system(coding: Node) -> str:
    """The system of a coding under one name per system; an unknown one under its own URI."""
    system = coding.text("system")
    short = _tail(system) if _official(system) else system
    if _official(system) and _TUSS_TAIL.fullmatch(short):
        return TUSS
    return _CODE_SYSTEMS.get(short, system)


def coded(concept: Node | None, system: str) -> Found | None:
    """The code of `system` in a CodeableConcept."""
    if concept is None:
        return None
    codings = [coding for coding in concept.children("coding") if code_system(coding) == system]
    return next((found for coding in codings if (found := coding.leaf("code"))), None)


def words(concept: Node | None) -> Found | None:
    """What a CodeableConcept says to a person: its text, else the first display."""
    if concept is None:
        return None
    displays = [coding.leaf("display") for coding in concept.children("coding")]
    return next((found for found in (concept.leaf("text"), *displays) if found and str(found.value).strip()), None)


def has_code(concept: Node | None, codes: frozenset[str] | set[str]) -> bool:
    """Whether any coding, of whatever system, has one of the codes (for HL7's own small code lists)."""
    return concept is not None and any(coding.text("code") in codes for coding in concept.children("coding"))


def _official(system: str) -> bool:
    try:
        host = urlsplit(system).hostname or ""
    except ValueError:
        return False
    return any(host == name or host.endswith("." + name) for name in _OFFICIAL_HOSTS)


def _tail(system: str) -> str:
    return system.rstrip("/").rpartition("/")[2].casefold()
