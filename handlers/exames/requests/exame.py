"""exames.exame (FHIR ServiceRequest, HL7 ORM/OML): a laboratory or other exam that somebody asks for."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.clinical.fields import Texto
from shared.clinical.identifiers import Cid10, normalise, sigtap_code, tuss_code
from shared.clinical.people import Momento, Pedido

Sistema = Literal["tuss", "sigtap", "loinc"]
_LOINC = re.compile(r"[0-9]{1,7}-[0-9]")


def code_system(code: str) -> Sistema:
    """Which system a code belongs to; the three forms do not overlap. Raises ValueError for none of them."""
    if _LOINC.fullmatch(code):
        return "loinc"
    systems: dict[int, Sistema] = {8: "tuss", 10: "sigtap"}
    number = normalise(code)
    if not number.isdigit() or len(number) not in systems:
        raise ValueError("use um código TUSS (8 algarismos), SIGTAP (10 algarismos) ou LOINC (nnnnn-n)")
    return systems[len(number)]


def _normal_code(text: str) -> str:
    """The code without its mask; a LOINC code keeps the hyphen that is part of it."""
    code = text.strip()
    system = code_system(code)
    if system == "loinc":
        return code
    return tuss_code(code) if system == "tuss" else sigtap_code(code)


class PedidoExame(Pedido):
    """One exam; the form of `codigo` tells its system."""

    codigo: Annotated[str, AfterValidator(_normal_code)]
    indicacao_clinica: Texto
    cid: Cid10 | None = None
    urgencia: bool = False
    solicitado_em: Momento | None = Field(None, description="When the exam was asked for: fixes the patient's age")
