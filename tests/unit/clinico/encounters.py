"""Requests for the tests: the domain's examples with what a test changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from handlers.clinico import examples
from handlers.clinico.requests import Alta, Consulta, Internacao, SinaisVitais
from shared.findings import Avaliacao

CASES: dict[str, list[dict[str, Any]]] = json.loads(
    Path(__file__).with_name("casos_escores.json").read_text(encoding="utf-8")
)
NORMAL: dict[str, Any] = {
    "fr_irpm": 16,
    "spo2_pct": 98,
    "o2_suplementar": False,
    "escala_spo2": 1,
    "pas_mmhg": 120,
    "fc_bpm": 72,
    "temperatura_c": "36.8",
    "consciencia": "A",
    "glasgow": 15,
}


def signs(**changes: Any) -> SinaisVitais:
    """Normal vital signs with `changes`; a change to None leaves the field out."""
    return SinaisVitais.model_validate({k: v for k, v in (NORMAL | changes).items() if v is not None})


def _merged(example: dict[str, Any], patient: dict[str, Any] | None, changes: dict[str, Any]) -> dict[str, Any]:
    body = {**example, "paciente": example["paciente"] | (patient or {})} | changes
    return {k: v for k, v in body.items() if v is not None}


def encounter(patient: dict[str, Any] | None = None, **changes: Any) -> Consulta:
    return Consulta.model_validate(_merged(examples.CONSULTA, patient, changes))


def admission(patient: dict[str, Any] | None = None, **changes: Any) -> Internacao:
    return Internacao.model_validate(_merged(examples.INTERNACAO, patient, changes))


def discharge(patient: dict[str, Any] | None = None, **changes: Any) -> Alta:
    return Alta.model_validate(_merged(examples.ALTA, patient, changes))


def severities(avaliacao: Avaliacao) -> dict[str, str]:
    """Code to severity."""
    return {achado.codigo: achado.gravidade.value for achado in avaliacao.achados}
