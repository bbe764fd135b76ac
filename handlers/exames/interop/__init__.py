"""How documents of other standards become this domain's requests."""

from __future__ import annotations

from handlers.exames.interop.fhir import read_exame, read_hemograma, read_imagem
from handlers.exames.interop.hl7 import ROUTES as HL7_ROUTES
from handlers.exames.interop.hl7_hemograma import read_hemogram
from handlers.exames.interop.hl7_order import read_exam, read_imaging
from shared.interop import FHIR_JSON, HL7_V2, Reader

READERS: dict[str, dict[str, Reader]] = {
    "exame": {FHIR_JSON: read_exame, HL7_V2: read_exam},
    "hemograma": {FHIR_JSON: read_hemograma, HL7_V2: read_hemogram},
    "imagem": {FHIR_JSON: read_imagem, HL7_V2: read_imaging},
}
ROUTES = HL7_ROUTES
"""The HL7 v2 messages (`type^trigger` of MSH-9) that are events of this domain."""
