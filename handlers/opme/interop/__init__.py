"""How documents of other standards become this domain's requests."""

from __future__ import annotations

from handlers.opme.interop.fhir import read_material, read_protese, read_solicitacao
from shared.interop import FHIR_JSON, Reader

READERS: dict[str, dict[str, Reader]] = {
    "solicitacao": {FHIR_JSON: read_solicitacao},
    "protese": {FHIR_JSON: read_protese},
    "material": {FHIR_JSON: read_material},
}
