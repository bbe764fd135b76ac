"""Values that occur nowhere else, where documents name people: whatever repeats one has let it out."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.fixtures.fhir import changed, resource
from tests.fixtures.hl7 import HEMOGRAM, read_message

NAME = "Zuleica Xanadu Quasimoda"
SOCIAL_NAME = "Wanderkleyson"
CPF = "390.533.447-05"
CNS = "298259791900002"
RECORD = "PRT-7391846"
DOCTOR = "Hermengarda Zoroastro"
FREE_TEXT = "sobrinha da vereadora Kriptonita de Xiririca"
CANARIES = [*NAME.split(), SOCIAL_NAME, CPF, CPF.replace(".", "").replace("-", ""), CNS, RECORD, "7391846"]
CANARIES += [*DOCTOR.split(), "Kriptonita", "Xiririca"]


def planted(body: dict[str, Any]) -> dict[str, Any]:
    """The example with canaries wherever a request may name somebody."""
    if "arquivo" in body:
        return {"formato": "csv", "origem": "recepção", "arquivo": f"nome;cpf\n{NAME};{CPF}\n{NAME};111.111.111-11\n"}
    if "paciente" not in body:
        return body
    people = {"nome": NAME, "nome_social": SOCIAL_NAME, "cpf": CPF, "cns": CNS, "prontuario": RECORD}
    body["paciente"] |= people
    body["profissional"] = body.get("profissional", {"crm": "104873", "uf": "SP"}) | {"nome": DOCTOR}
    return body | {"texto_clinico": FREE_TEXT}


def assert_clean(text: str, where: str) -> None:
    lowered = text.lower()
    found = [canary for canary in CANARIES if canary.lower() in lowered]
    assert not found, f"{where} repeats {found}"


def planted_bundle(**patient: Any) -> bytes:
    """The hemogram's Bundle with canaries in names, numbers, narrative, extensions and what no field reads."""

    def plant(bundle: dict[str, Any]) -> None:
        bundle["identifier"] = {"system": f"urn:{SOCIAL_NAME}", "value": uuid4().hex}
        person = resource(bundle, "Patient")
        person["name"] = [{"use": "official", "text": NAME}, {"use": "usual", "given": [SOCIAL_NAME]}]
        person["text"] = {"status": "generated", "div": f"<div>{NAME} {FREE_TEXT}</div>"}
        person["extension"] = [{"url": f"urn:{SOCIAL_NAME}", "valueString": FREE_TEXT}]
        for identifier, value in zip(person["identifier"], (CPF, RECORD), strict=True):
            identifier["value"] = value
        person["identifier"].append({"system": f"urn:{SOCIAL_NAME}:outro", "value": CNS})
        person |= patient
        resource(bundle, "Practitioner")["name"] = [{"text": DOCTOR}]
        resource(bundle, "Observation")["note"] = [{"text": FREE_TEXT}]

    return changed("hemograma", plant)


def planted_message(*changes: tuple[str, str]) -> bytes:
    """The hemogram's message with canaries, under a control id of its own."""
    family, given = NAME.rpartition(" ")[::-2]
    doctor_given, doctor_family = DOCTOR.split()
    text = read_message(HEMOGRAM).decode()
    planting = (
        ("LAB000123", uuid4().hex[:20]),
        ("Fictícia^Marina^Exemplo", f"{family}^{given}^"),
        ("529.982.247-25^^^RFB^CPF", f"{CPF}^^^RFB^CPF~{CNS}^^^{SOCIAL_NAME}^XX"),
        ("P-000123", RECORD),
        ("Inventado^Otávio", f"{doctor_family}^{doctor_given}"),
        ("ZLA|1|valor local", f"NTE|1||{FREE_TEXT}\nZLA|1|{NAME}\n{NAME}|{CPF}"),
    )
    for before, after in (*planting, *changes):
        assert before in text
        text = text.replace(before, after)
    return text.replace("\n", "\r").encode()
