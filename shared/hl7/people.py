"""Who a message is about and who sent it: PID, XCN and HD as our own patient, physician and establishment."""

from __future__ import annotations

import re
from typing import get_args

from shared.clinical.identifiers import Uf
from shared.hl7.fields import day
from shared.hl7.mapping import Mapping
from shared.hl7.message import Message, Segment, Value
from shared.hl7.problems import Fault, unusable

# CX-5 (table HL70203 and what Brazilian systems write there), CX-4 namespace, CX-4 OID ◇.
_CPF = {"CPF", "TAX", "RFB", "RECEITA", "RECEITA FEDERAL", "SRF", "2.16.840.1.113883.13.237"}
_CNS = {"CNS", "HC", "CADSUS", "CARTAO SUS", "DATASUS", "2.16.840.1.113883.13.236"}
_RECORD = {"MR", "PI", "PT", "MRN", "PRONTUARIO", "MRT"}
_LEGAL = {"", "L", "B", "R"}
_SOCIAL = {"D", "SOCIAL", "SOC", "NS"}  # D: customary name (table HL70200) ◇
_UFS = frozenset(get_args(Uf))
_COUNCIL = re.compile(r"CRM\s*[-/ ]?\s*([A-Z]{2})?", re.IGNORECASE)
_CRM_FIRST = re.compile(r"(?:CRM)?[\s\-/]*(?:([A-Z]{2})[\s\-/]*)?(\d{1,7}P?)[\s\-/]*([A-Z]{2})?", re.IGNORECASE)
_CNES = re.compile(r"\d{7}")
WITHOUT_IDENTIFIER = "mensagem HL7 sem CPF e sem CNS"


def put_patient(mapping: Mapping) -> None:
    """PID → `paciente`. Raises UnusableMessage when there is no PID, or more than one patient."""
    patients = mapping.message.all("PID")
    if not patients:
        raise unusable("PID", Fault.SEGMENTO_AUSENTE, "a mensagem não traz o segmento PID")
    if len(patients) > 1:
        raise unusable(patients[1].place, Fault.VARIOS_PACIENTES, "uma mensagem por paciente: envie cada um na sua")
    pid = patients[0]
    _put_identifiers(mapping, pid)
    _put_names(mapping, pid)
    _put_birth(mapping, pid)
    sex = pid.value(8)
    if sex.text().upper() in ("M", "F"):
        mapping.put("paciente.sexo", sex.text().upper(), pid.at(8))
    elif sex.text():
        mapping.odd(pid.at(8), "sexo_nao_mapeado", "somente M e F têm correspondência")
    else:
        mapping.absent("paciente.sexo")


def _put_identifiers(mapping: Mapping, pid: Segment) -> None:
    for value in (*pid.repetitions(3), *pid.repetitions(2), *pid.repetitions(4)):
        if not value.text():
            continue
        field = _identifier_field(value)
        if field is None:
            mapping.odd(value.place, "identificador_nao_compreendido", "CX-4 e CX-5 não dizem CPF, CNS ou prontuário")
        elif mapping.has(field):
            mapping.odd(value.place, "identificador_repetido", f"{field} já foi lido de outra repetição")
        else:
            mapping.text(field, value)
    if not mapping.has("paciente.prontuario"):
        mapping.absent("paciente.prontuario")
    if not mapping.has("paciente.cpf") and not mapping.has("paciente.cns"):
        mapping.put("paciente.nao_identificado.motivo", WITHOUT_IDENTIFIER, pid.at(3))
        mapping.absent("paciente.cpf")
        mapping.absent("paciente.cns")


def _identifier_field(value: Value) -> str | None:
    """CX-5 decides; the assigning authority only where CX-5 does not say."""
    kind = _plain(value.text(5))
    authority = {_plain(value.text(4)), _plain(value.text(4, 2))}
    for field, words in (("cpf", _CPF), ("cns", _CNS), ("prontuario", _RECORD)):
        if kind in words:
            return f"paciente.{field}"
    for field, words in (("cpf", _CPF), ("cns", _CNS)):
        if authority & words and kind in ("", "NI", "NNBRA"):
            return f"paciente.{field}"
    return "paciente.prontuario" if not kind else None


def _plain(text: str) -> str:
    return " ".join(text.upper().replace("Á", "A").replace("Ã", "A").split())


def _put_names(mapping: Mapping, pid: Segment) -> None:
    for value in pid.repetitions(5):
        kind = value.text(7).upper()
        field = "nome" if kind in _LEGAL else "nome_social" if kind in _SOCIAL else None
        if field is None or mapping.has(f"paciente.{field}"):
            mapping.odd(value.place, "nome_nao_usado", "XPN-7 não diz nome civil nem social, ou já havia um")
        elif full_name(value, family=1):
            mapping.put(f"paciente.{field}", full_name(value, family=1), value.place)
    if not mapping.has("paciente.nome"):
        mapping.absent("paciente.nome")


def full_name(value: Value, family: int) -> str:
    """Given names, then surname, then suffix: XPN from component 1 on, XCN from 2 on."""
    given, second, suffix = (value.text(family + step) for step in (1, 2, 3))
    return " ".join(part for part in (given, second, value.text(family), suffix) if part)


def _put_birth(mapping: Mapping, pid: Segment) -> None:
    born = pid.text(7)
    if not born:
        mapping.absent("paciente.data_nascimento")
        return
    try:
        mapping.put("paciente.data_nascimento", day(born), pid.at(7))
    except ValueError as error:
        mapping.odd(pid.at(7), "data_invalida", str(error))


def put_professional(mapping: Mapping, *sources: tuple[Segment, int], required: bool) -> None:
    """The first XCN with a name and a CRM with its state → `profissional`.

    Where the request can do without, an incomplete one is reported and left out: a result does not wait for it.
    """
    incomplete: Value | None = None
    for segment, number in sources:
        for value in segment.repetitions(number):
            crm, uf = _crm(value)
            name = full_name(value, family=2)
            if name and crm and uf:
                mapping.put("profissional.nome", name, value.at(2))
                mapping.put("profissional.crm", crm, value.at(1))
                mapping.put("profissional.uf", uf, value.place)
                return
            incomplete = incomplete or value
    if incomplete is None:
        mapping.absent("profissional")
        return
    mapping.odd(incomplete.place, "profissional_incompleto", "faltam nome, CRM (XCN-1) ou UF (XCN-9 CRM-UF ou XCN-22)")
    if required:
        _put_incomplete(mapping, incomplete)


def _put_incomplete(mapping: Mapping, value: Value) -> None:
    """What there is, so that the refusal names the missing part."""
    crm, uf = _crm(value)
    parts = {"nome": full_name(value, family=2), "crm": crm, "uf": uf}
    for field, found in parts.items():
        if found:
            mapping.put(f"profissional.{field}", found, value.place)


def _crm(value: Value) -> tuple[str, str]:
    """CRM number and state, each empty when not said: `123456^…^^^CRM-SP`, `CRM-SP 123456`, `123456SP`, XCN-22."""
    match = _CRM_FIRST.fullmatch(value.text(1))
    if match is None:
        return "", ""
    council = _COUNCIL.search(value.text(9)) or _COUNCIL.search(value.text(9, 2)) or _COUNCIL.search(value.text(13))
    said = (match[1], match[3], council[1] if council else None, value.text(22))
    state = next((text.upper() for text in said if text and text.upper() in _UFS), "")
    return match[2].upper(), state


def put_establishment(mapping: Mapping) -> None:
    """The first CNES (7 digits) of PV1-3 facility, PV1-39 or MSH-4 → `estabelecimento.cnes`."""
    message: Message = mapping.message
    visit, header = message.segment("PV1"), message.segment("MSH")
    for value, component in ((visit.value(3), 4), (visit.value(39), 1), (header.value(4), 1)):
        for sub in (1, 2):
            text = value.text(component, sub)
            if _CNES.fullmatch(text):
                mapping.put("estabelecimento.cnes", text, value.at(component))
                return
    mapping.absent("estabelecimento")
