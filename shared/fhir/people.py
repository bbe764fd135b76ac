"""Patient, Practitioner and Organization as `paciente`, `profissional` and `estabelecimento` (RNDS profiles)."""

from __future__ import annotations

import re
from typing import get_args

from shared.clinical.identifiers import Uf
from shared.errors import UnusableDocument
from shared.fhir.bundle import Bundle
from shared.fhir.codes import CBO, coded, naming_system
from shared.fhir.node import Found, Node

REFUSES_AI = "urn:plantao:recusa-ia"
"""Extension of Patient (valueBoolean): the patient refuses AI (CFM 2.454/2026)."""

UNIDENTIFIED = "urn:plantao:nao-identificado"
"""Extension of Patient (valueString): why there is neither CPF nor CNS."""

_SEX = {"male": "M", "female": "F"}
_PATIENT_IDENTIFIERS = {"cpf": "cpf", "cns": "cns", "MR": "prontuario"}
_STATES = get_args(Uf)
_CRM_WITH_UF = re.compile(r"(?:CRM)?[\s/-]*([A-Z]{2})[\s/-]*([0-9]{1,7}P?)|([0-9]{1,7}P?)[\s/-]*([A-Z]{2})")


def only_patient(bundle: Bundle) -> Node | None:
    """The Bundle's one Patient. Raises UnusableDocument for several: nobody can tell whom the work is about."""
    patients = bundle.of("Patient")
    if len(patients) > 1:
        reason = "o documento fala de mais de um paciente; envie um por Bundle"
        raise UnusableDocument([(node.place, "varios_pacientes", reason) for node in patients])
    return patients[0] if patients else None


def is_about(node: Node, patient: Node | None, bundle: Bundle) -> bool:
    """Whether a resource is about the patient. One that names another is reported.

    One that names nobody is about the patient; a contained one about whom its holder is about.
    """
    reference = node.child("subject", "patient", "beneficiary")
    if reference is None:
        holder = bundle.references.holder(node)
        return holder is None or is_about(holder, patient, bundle)
    meant = bundle.references.resolve(reference, node)
    if meant is not None and patient is not None and meant.place == patient.place:
        return True
    if meant is not None:
        bundle.reading.puzzle(reference.place, "outro_paciente", "refere-se a quem não é o paciente do Bundle")
    return False


def map_patient(bundle: Bundle, focus: Node) -> Node | None:
    """Fill `paciente` from whom `focus` is about; without one the field stays missing."""
    patient = only_patient(bundle)
    if patient is None or not is_about(focus, patient, bundle):
        return None
    bundle.use(patient)
    active = patient.leaf("active")
    if active is not None and active.value is False:
        bundle.reading.puzzle(active.place, "cadastro_inativo", "o cadastro do paciente está marcado como inativo")
    _patient_identifiers(bundle, patient)
    _patient_names(bundle, patient)
    bundle.reading.put("paciente.data_nascimento", patient.leaf("birthDate"))
    _sex(bundle, patient)
    _extensions(bundle, patient)
    return patient


def _patient_identifiers(bundle: Bundle, patient: Node) -> None:
    for identifier in patient.children("identifier"):
        field = _PATIENT_IDENTIFIERS.get(naming_system(identifier))
        value = identifier.leaf("value")
        if field is None or value is None or identifier.text("use") == "old":
            detail = "nem CPF, nem CNS, nem prontuário (tipo MR) em vigor"
            bundle.reading.puzzle(identifier.place, "identificador_sem_uso", detail)
        elif bundle.reading.has(f"paciente.{field}"):
            bundle.reading.puzzle(identifier.place, "identificador_repetido", f"{field} já veio de outro identificador")
        else:
            bundle.reading.put(f"paciente.{field}", value)


def _patient_names(bundle: Bundle, patient: Node) -> None:
    """`official` is the civil name; `usual` or `nickname` the social one; a name without use is the civil one."""
    for wanted, field in ((("official", ""), "nome"), (("usual", "nickname"), "nome_social")):
        for name in patient.children("name"):
            if name.text("use") in wanted and not bundle.reading.has(f"paciente.{field}"):
                bundle.reading.put(f"paciente.{field}", full_name(name))


def full_name(name: Node) -> Found | None:
    """A HumanName as one text."""
    text = name.leaf("text")
    if text is not None:
        return text
    parts = [str(found.value) for found in (*name.leaves("given"), name.leaf("family")) if found]
    return Found(name.place, " ".join(parts)) if parts else None


def _sex(bundle: Bundle, patient: Node) -> None:
    gender = patient.leaf("gender")
    if gender is not None and gender.value in _SEX:
        bundle.reading.put("paciente.sexo", Found(gender.place, _SEX[gender.value]))
    elif gender is not None:
        detail = "as faixas de referência pedem M ou F; other e unknown não dizem qual usar"
        bundle.reading.puzzle(gender.place, "genero_sem_correspondencia", detail)


def _extensions(bundle: Bundle, patient: Node) -> None:
    for extension in patient.children("extension"):
        url = extension.text("url")
        if url == REFUSES_AI:
            bundle.reading.put("paciente.recusa_ia", extension.leaf("valueBoolean"))
        elif url == UNIDENTIFIED:
            bundle.reading.put("paciente.nao_identificado.motivo", extension.leaf("valueString"))
        else:
            bundle.reading.puzzle(extension.place, "extensao_sem_uso", "a extensão não preenche campo deste evento")


def map_professional(bundle: Bundle, reference: Node | None, source: Node) -> None:
    """Fill `profissional` from a Practitioner, or a PractitionerRole that leads to one."""
    found = bundle.follow(reference, source, "Practitioner", "PractitionerRole")
    if found is None:
        return
    person = found
    if found.kind == "PractitionerRole":
        _occupation(bundle, found.children("code"))
        practitioner = bundle.follow(found.child("practitioner"), found, "Practitioner")
        if practitioner is None:
            return
        person = practitioner
    name = next(iter(person.children("name")), None)
    bundle.reading.put("profissional.nome", full_name(name) if name else None)
    qualifications = person.children("qualification")
    _occupation(bundle, [code for item in qualifications for code in item.concepts("code")])
    own = person.children("identifier")
    if found is not person:
        own += found.children("identifier")
    for identifier in [*own, *(inner for item in qualifications for inner in item.children("identifier"))]:
        _professional_identifier(bundle, identifier)


def _professional_identifier(bundle: Bundle, identifier: Node) -> None:
    system, value = naming_system(identifier), identifier.leaf("value")
    if value is None:
        return
    if system == "cns" and not bundle.reading.has("profissional.cns"):
        bundle.reading.put("profissional.cns", value)
    elif system.partition("-")[0] == "crm" and not bundle.reading.has("profissional.crm"):
        _register(bundle, system, value)
    else:
        bundle.reading.puzzle(identifier.place, "identificador_sem_uso", "nem CNS nem CRM do profissional")


def _register(bundle: Bundle, system: str, value: Found) -> None:
    """The UF stands in the system (`…/crm-sp`) or in the value (`104873-SP`, `CRM/SP 104873`)."""
    state, number = system.partition("-")[2].upper(), str(value.value).strip()
    match = _CRM_WITH_UF.fullmatch(number.upper())
    if match:
        state, number = (match[1], match[2]) if match[1] else (match[4], match[3])
    if state not in _STATES:
        bundle.reading.puzzle(value.place, "crm_sem_uf", "o CRM deve dizer a UF: sistema …/crm-sp ou valor 104873-SP")
        return
    bundle.reading.put("profissional.crm", Found(value.place, number))
    bundle.reading.put("profissional.uf", Found(value.place, state))


def _occupation(bundle: Bundle, concepts: list[Node]) -> None:
    for concept in concepts:
        code = coded(concept, CBO)
        if code is not None and not bundle.reading.has("profissional.cbo"):
            bundle.reading.put("profissional.cbo", code)


def map_establishment(bundle: Bundle, reference: Node | None, source: Node) -> None:
    """Fill `estabelecimento` from an Organization's CNES."""
    organization = bundle.follow(reference, source, "Organization")
    if organization is None:
        return
    for identifier in organization.children("identifier"):
        value = identifier.leaf("value")
        if naming_system(identifier) == "cnes" and value is not None and not bundle.reading.has("estabelecimento.cnes"):
            bundle.reading.put("estabelecimento.cnes", value)
        else:
            bundle.reading.puzzle(identifier.place, "identificador_sem_uso", "não é um CNES")
