"""How documents of other standards become this domain's requests."""

from __future__ import annotations

from handlers.clinico.interop.fhir import read_alta, read_consulta, read_internacao
from handlers.clinico.interop.hl7 import ROUTES as HL7_ROUTES
from handlers.clinico.interop.hl7 import read_admission, read_discharge, read_encounter
from shared.interop import FHIR_JSON, HL7_V2, Reader

READERS: dict[str, dict[str, Reader]] = {
    "consulta": {FHIR_JSON: read_consulta, HL7_V2: read_encounter},
    "internacao": {FHIR_JSON: read_internacao, HL7_V2: read_admission},
    "alta": {FHIR_JSON: read_alta, HL7_V2: read_discharge},
}
ROUTES = HL7_ROUTES
"""The HL7 v2 messages (`type^trigger` of MSH-9) that are events of this domain."""
