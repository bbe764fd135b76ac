"""The named patient in each kind of file that can be attached to a message."""

from __future__ import annotations

import json

from tests.acceptance.canaries import CNS, CPF, DOCTOR, FREE_TEXT, NAME, SOCIAL_NAME, planted_bundle, planted_message
from tests.acceptance.named_patient import BIRTH, EMAIL, PATIENT, PHONE, STREET

_ROW = PATIENT | {"médico": DOCTOR, "parente": "vereadora Kriptonita", "hemoglobina": "7,2"}
_REACHED = {
    "birthDate": BIRTH,
    "telecom": [{"system": "phone", "value": PHONE}, {"system": "email", "value": EMAIL}],
    "address": [{"line": [STREET]}],
}
# What a free text of a message says of others nobody can list; elsewhere a field of the person says the same.
_MESSAGE = ((FREE_TEXT, "sem queixas"), (f"^^^{SOCIAL_NAME}", "^^^HOSP"), ("19810314", BIRTH.replace("-", "")))

FILES = {
    "csv": "\n".join("\t".join(cells) for cells in (_ROW, _ROW.values())).encode(),
    "ndjson": f"{json.dumps(_ROW)}\n{json.dumps({'paciente': PATIENT, 'hb': 7}, ensure_ascii=False)}\n".encode(),
    "fhir.json": planted_bundle(**_REACHED),
    "hl7": planted_message(*_MESSAGE),
}
UNNAMED_COLUMNS = f"{NAME};{CPF}\n{SOCIAL_NAME} Silva;{CNS}\n".encode()
"""A table that does not say what stands where."""
