"""The invented people of `ingest_file` as NDJSON, as a FHIR Bundle and as an HL7 batch: what other systems export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from bench.ingest_file import HEADER, Row, people

_SYSTEM = "https://saude.gov.br/fhir/sid/"
_MOTHERS_NAME = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
_RECORD = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
_GENDERS = {"F": "female", "M": "male"}

Lines = Iterator[bytes]


def _ndjson(found: Iterator[Row]) -> Lines:
    for row in found:
        cells = dict(zip(HEADER.split(";"), row.cells(), strict=True))
        yield orjson.dumps(cells) + b"\n"


def _bundle(found: Iterator[Row]) -> Lines:
    yield b'{"resourceType":"Bundle","type":"collection","entry":['
    for row in found:
        yield (b",\n" if row.number else b"\n") + orjson.dumps({"resource": _patient(row)})
    yield b"]}\n"


def _patient(row: Row) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "identifier": [
            {"system": f"{_SYSTEM}cpf", "value": row.cpf},
            {"system": f"{_SYSTEM}cns", "value": row.cns},
            {"type": _RECORD, "value": str(row.number)},
        ],
        "name": [{"use": "official", "text": row.name}],
        "gender": _GENDERS[row.sex],
        "birthDate": row.born.isoformat(),
        "extension": [{"url": _MOTHERS_NAME, "valueString": row.mother}],
    }


def _batch(found: Iterator[Row]) -> Lines:
    yield b"FHS|^~\\&|BENCH|CASA\rBHS|^~\\&|BENCH|CASA\r"
    count = 0
    for row in found:
        given, _, family = row.name.partition(" ")
        mother, _, maiden = row.mother.partition(" ")
        names = f"{family}^{given}|{maiden}^{mother}"
        known = f"{row.cpf}^^^^CPF~{row.cns}^^^^CNS~{row.number}^^^^MR"
        count += 1
        yield (
            f"MSH|^~\\&|BENCH|CASA|||20260101080000||ADT^A28|{row.number}|P|2.5|||||BRA|UNICODE UTF-8\r"
            f"PID|1||{known}||{names}|{row.born:%Y%m%d}|{row.sex}\r"
        ).encode()
    yield f"BTS|{count}\rFTS|1\r".encode()


FORMATS: dict[str, Callable[[Iterator[Row]], Lines]] = {"ndjson": _ndjson, "fhir_bundle": _bundle, "hl7v2": _batch}
"""Bytes of a file by `formato`."""


def write(path: Path, form: str, count: int) -> None:
    """A whole file of `count` people."""
    with path.open("wb") as file:
        file.writelines(FORMATS[form](people(count)))
