"""One HL7 v2 message as a row: A04, A05, A08, A28, A31 bring a patient, A40 joins two, MFN^M02 brings a physician."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from handlers.ingestao.rules.pessoas import Leitura, Lido, de_campos
from shared.errors import UnusableDocument
from shared.hl7.fields import day
from shared.hl7.mapping import Mapping
from shared.hl7.message import Message, Segment, parse
from shared.hl7.people import full_name, put_patient
from shared.register.records import Identifier, Kind

_PATIENT = frozenset({"ADT^A04", "ADT^A05", "ADT^A08", "ADT^A28", "ADT^A31", "ADT^A40"})
_MERGE = "ADT^A40"
_STAFF = "MFN^M02"
_FIELDS = ("nome", "nome_social", "data_nascimento", "sexo", "cpf", "cns", "prontuario")
_IDENTIFIERS = ("cpf", "cns", "prontuario")
# MRG has identifiers alone; a person needs more, and the rest of this one is thrown away.
_STAND_IN = {"nome": "X", "data_nascimento": "1900-01-01"}
_COUNCIL = re.compile(r"(?:CRM)?[\s/-]*([A-Z]{2})[\s/-]*([0-9]{1,7}P?)|([0-9]{1,7}P?)[\s/-]*([A-Z]{2})")


def pessoa_de_mensagem(raw: bytes, leitura: Leitura) -> Lido:
    """A message of another kind, or about a kind of person that the file may not bring, is rejected with a code."""
    try:
        message = parse(raw)
        if message.kind in _PATIENT:
            return _patient(message, leitura)
        if message.kind == _STAFF:
            return _physician(message, leitura)
    except UnusableDocument as error:
        return None, tuple(dict.fromkeys(code for _, code, _ in error.items))
    return None, ("mensagem_sem_uso",)


def _patient(message: Message, leitura: Leitura) -> Lido:
    if Kind.PATIENT not in leitura.tipos:
        return None, ("mensagem_de_outro_tipo",)
    mapping = Mapping(message)
    put_patient(mapping)
    fields = _cells(mapping)
    fields["nome_mae"] = full_name(message.segment("PID").value(6), family=1)
    person, codes = de_campos(leitura, fields)
    if person is None or message.kind != _MERGE:
        return person, codes
    prior = _prior(message, leitura)
    if prior is None:
        return None, ("fusao_sem_mrg",)
    return person._replace(prior=prior), codes


def _cells(mapping: Mapping) -> dict[str, str]:
    found: dict[str, Any] = mapping.result().payload.get("paciente", {})
    return {name: str(found[name]) for name in _FIELDS if found.get(name)}


def _prior(message: Message, leitura: Leitura) -> tuple[Identifier, ...] | None:
    """The identifiers of MRG-1, read as those of a PID-3; None when there is none that we understand."""
    segment = message.first("MRG")
    if segment is None:
        return None
    empty = ((),) * 3
    stand_in = Segment("PID", "MRG", (*empty, segment.repetitions(1)))
    mapping = Mapping(replace(message, segments=(stand_in,)))
    put_patient(mapping)
    cells = _cells(mapping)
    person, _ = de_campos(leitura, _STAND_IN | {name: cells.get(name, "") for name in _IDENTIFIERS})
    return person.identifiers if person else None


def _physician(message: Message, leitura: Leitura) -> Lido:
    if Kind.PHYSICIAN not in leitura.tipos:
        return None, ("mensagem_de_outro_tipo",)
    staff = message.all("STF")
    if len(staff) != 1:
        return None, ("varios_profissionais" if staff else "segmento_ausente",)
    number, state = _council(message, staff[0])
    fields = {"nome": full_name(staff[0].value(3), family=1), "crm": number, "uf": state}
    born = staff[0].text(6)
    if born:
        try:
            fields["data_nascimento"] = day(born)
        except ValueError:
            return None, ("data_formato",)
    # The field itself says what it brings, even where the number is missing.
    return de_campos(replace(leitura, tipos=frozenset({Kind.PHYSICIAN})), fields)


def _council(message: Message, staff: Segment) -> tuple[str, str]:
    """Number and state: PRA-6 as `number^CRM^state`, else STF-2 as `CRM-SP 123456` or with CX-4 naming the state."""
    for value in message.segment("PRA").repetitions(6):
        if value.text(2).upper() in ("CRM", ""):
            return value.text(1), value.text(3).upper()
    for value in staff.repetitions(2):
        match = _COUNCIL.fullmatch(value.text(1).upper())
        if match:
            return (match[2], match[1]) if match[1] else (match[3], match[4])
        if value.text(5).upper().startswith("CRM"):
            return value.text(1), value.text(5).upper().removeprefix("CRM").strip("-/ ") or value.text(4).upper()
    return "", ""
