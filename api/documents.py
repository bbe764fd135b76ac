"""A document of another standard at an event's door: read, merged with the path, validated, explained."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message as Header

from pydantic import BaseModel, ValidationError

from shared.domain import Event
from shared.errors import InvalidField, UnsupportedMedia, UnusableDocument
from shared.hl7.problems import Fault, problems_of
from shared.interop import FHIR_JSON, HL7_V2, Correspondencia, Mapeamento, Reader
from shared.validation import MISSING_FIELD, refused_fields

_FHIR_VERSIONS = ("4.0", "4.3")
_UTF8 = ("utf-8", "utf8", "us-ascii")


@dataclass(frozen=True, slots=True)
class Document:
    """`payload` is the validated request as canonical JSON; decimals keep the digits of the document."""

    request: BaseModel
    payload: str
    report: Mapeamento
    key: str | None
    content: str | None


def check_parameters(media: str, content_type: str) -> None:
    """Raises UnsupportedMedia for a FHIR version or an encoding that we would misread."""
    header = Header()
    header["content-type"] = content_type
    if media != FHIR_JSON:
        return
    version, charset = header.get_param("fhirversion"), header.get_content_charset()
    if version is not None and version not in _FHIR_VERSIONS:
        raise UnsupportedMedia(f"fhirVersion deve ser uma de: {', '.join(_FHIR_VERSIONS)}")
    if charset is not None and charset not in _UTF8:
        raise UnsupportedMedia("FHIR em JSON é sempre UTF-8")


def read_document(event: Event, media: str, reader: Reader, body: bytes, path_values: dict[str, str]) -> Document:
    """Raises UnusableDocument; each of its items names a place in the document."""
    mapped = reader(body)
    try:
        request = event.request.model_validate(mapped.payload | path_values)
    except ValidationError as error:
        raise _refusal(media, refused_fields(error), mapped.report) from None
    for name in path_values.keys() & mapped.payload.keys():
        _refuse_another(event, request, name, mapped.payload | {name: mapped.payload[name]}, media, mapped.report)
    return Document(request, request.model_dump_json(exclude_unset=True), mapped.report, mapped.key, mapped.content)


def _refuse_another(
    event: Event, request: BaseModel, name: str, stated: dict[str, object], media: str, report: Mapeamento
) -> None:
    """The address decides; a document that says something else was sent to the wrong one."""
    try:
        other = getattr(event.request.model_validate(stated), name)
    except ValidationError as error:
        raise _refusal(media, refused_fields(error), report) from None
    if other != getattr(request, name):
        raise _refusal(media, InvalidField([(name, "o documento diz outro valor que o do endereço")]), report)


def _refusal(media: str, error: InvalidField, report: Mapeamento) -> UnusableDocument:
    if media == HL7_V2:
        items = [(problem.place, problem.code, problem.text) for problem in problems_of(error, report.mapeados)]
    else:
        items = [(_place(path, report.mapeados), _code(reason), f"{path}: {reason}") for path, reason in error.fields]
    return UnusableDocument(items, report.model_dump())


def _place(path: str, mapped: list[Correspondencia]) -> str:
    """Where the field came from; else the place of a part of it; else the field's own name, as nothing filled it."""
    places = {pair.para: pair.de for pair in mapped}
    parts = path.split(".")
    prefixes = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((places[name] for name in prefixes if name in places), path)


def _code(reason: str) -> str:
    """The same two codes, whatever the standard."""
    return Fault.CAMPO_AUSENTE if reason == MISSING_FIELD else Fault.VALOR_INVALIDO
