"""How results of encounters are read back as FHIR: Compositions, with the vital signs under their LOINC codes."""

from __future__ import annotations

from decimal import Decimal

from handlers.clinico.requests import Consulta
from handlers.clinico.rules.sinais_separados import separar
from shared.fhir.readback import LOINC, Code, Measured, Readback
from shared.findings import Avaliacao

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
    """Each sign that the rules could judge; the others are findings, and no measurement of a chart."""
    if request.sinais_vitais is None:
        return []
    signs = separar(request.sinais_vitais, Avaliacao())
    values = {name: getattr(signs, name) for name in _SIGNS}
    return [_measured(name, Decimal(value), request) for name, value in values.items() if value is not None]


def _measured(name: str, value: Decimal, request: Consulta) -> Measured:
    label, code, display, unit = _SIGNS[name]
    return Measured(name, label, value, unit, "vital-signs", Code(LOINC, code, display), at=request.data_hora)


_UNITS: dict[str, tuple[Code | None, str]] = {"idade_anos": (None, "a"), "news2_reavaliar_em_min": (None, "min")}
READBACK: dict[str, Readback] = {
    "consulta": Readback(measured=vital_signs, calculated=_UNITS),
    "internacao": Readback(measured=vital_signs, calculated=_UNITS),
    "alta": Readback(calculated={"idade_anos": (None, "a"), "lace_dias": (None, "d")}),
}
