"""Systems, codes and small data types of what leaves as FHIR R4. Plain dicts: the models cost half a second to import.

Systems of the Ministry of Health where it has published one; everything of our own is a URN, so that nobody takes it
for an official code.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import escape
from typing import Any
from uuid import NAMESPACE_URL, uuid5

_RNDS = "http://rnds.saude.gov.br/fhir/r4/NamingSystem/"
CPF = _RNDS + "cpf"
CNS = _RNDS + "cns"
CNES = _RNDS + "cnes"
TASK = "urn:plantao:tarefa"
SOFTWARE = "urn:plantao:software"
MODEL = "urn:plantao:modelo"
PROMPT = "urn:plantao:prompt"
TABLE = "urn:plantao:tabela"
RECORD = "urn:plantao:prontuario"
EVENT = "urn:plantao:evento"
FINDING = "urn:plantao:achado"
CALCULATION = "urn:plantao:calculo"
MEASURE = "urn:plantao:campo"
UCUM = "http://unitsofmeasure.org"
_HL7 = "http://terminology.hl7.org/CodeSystem/"
INTERPRETATION = _HL7 + "v3-ObservationInterpretation"
OBSERVATION_CATEGORY = _HL7 + "observation-category"
IDENTIFIER_TYPE = _HL7 + "v2-0203"
PARTICIPANT = _HL7 + "provenance-participant-type"

# XML 1.0 knows no other control characters, and a narrative is XML.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def council_system(council: str, state: str) -> str:
    """The system of one regional council's registrations ◇: no public one is known to us."""
    return f"urn:plantao:conselho:{council.lower()}-{state.lower()}"


def without_nothing(resource: dict[str, Any]) -> dict[str, Any]:
    """FHIR has no null and no empty list or text: what is not there is not written."""
    return {key: value for key, value in resource.items() if value not in (None, [], {}, "")}


def coding(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    return without_nothing({"system": system, "code": code, "display": display})


def concept(*codings: dict[str, Any], text: str | None = None) -> dict[str, Any]:
    return without_nothing({"coding": list(codings), "text": text})


def identifier(system: str, value: str) -> dict[str, Any]:
    return {"system": system, "value": value}


def logical(kind: str, named: dict[str, Any], display: str | None = None) -> dict[str, Any]:
    """A reference by business identifier: the caller's own system knows the resource, we hold none."""
    return without_nothing({"type": kind, "identifier": named, "display": display})


def extension(name: str, **value: Any) -> dict[str, Any]:
    return {"url": f"urn:plantao:extensao:{name}", **value}


def instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def urn(*parts: object) -> str:
    """The same name for the same thing, whenever it is exported."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, 'plantao/' + '/'.join(str(part) for part in parts))}"


def narrative(*blocks: tuple[str, list[str]]) -> dict[str, Any]:
    """Titles with their lines, escaped."""
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{_html(blocks)}</div>'}


def _html(blocks: tuple[tuple[str, list[str]], ...]) -> str:
    return "".join(
        f"<h2>{_text(title)}</h2><ul>{''.join(f'<li>{_text(line)}</li>' for line in lines)}</ul>"
        for title, lines in blocks
        if lines
    )


def _text(value: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", value))
