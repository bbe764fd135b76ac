"""How results of encounters are read back as FHIR: Compositions, with the vital signs under their LOINC codes."""

from __future__ import annotations

from decimal import Decimal

from handlers.clinico.requests import Consulta
from shared.fhir.readback import LOINC, Code, Measured, Readback

# Field of `sinais_vitais`: label, LOINC (HL7 vital-signs profile, R4), its name, UCUM unit.
_SIGNS = {
    "fr_irpm": ("Frequência respiratória", "9279-1", "Respiratory rate", "/min"),
    "spo2_pct": ("SpO₂", "2708-6", "Oxygen saturation in Arterial blood", "%"),
    "pas_mmhg": ("Pressão sistólica", "8480-6", "Systolic blood pressure", "mm[Hg]"),
    "pad_mmhg": ("Pressão diastólica", "8462-4", "Diastolic blood pressure", "mm[Hg]"),
    "fc_bpm": ("Frequência cardíaca", "8867-4", "Heart rate", "/min"),
    "temperatura_c": ("Temperatura", "8310-5", "Body temperature", "Cel"),
    "glasgow": ("Escala de Glasgow", "9269-2", "Glasgow coma score total", "{score}"),
}


def vital_signs(request: Consulta) -> list[Measured]:
    """Each sign that was measured."""
    signs = request.sinais_vitais
    if signs is None:
        return []
    values = {name: getattr(signs, name) for name in _SIGNS}
    return [_measured(name, Decimal(value), request) for name, value in values.items() if value is not None]


def _measured(name: str, value: Decimal, request: Consulta) -> Measured:
    label, code, display, unit = _SIGNS[name]
    return Measured(name, label, value, unit, "vital-signs", Code(LOINC, code, display), at=request.data_hora)


READBACK: dict[str, Readback] = {
    "consulta": Readback(measured=vital_signs),
    "internacao": Readback(measured=vital_signs),
}
