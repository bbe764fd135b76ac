"""Builders of hemogram requests for the tests. The patient is invented."""

from __future__ import annotations

from typing import Any

from handlers.exames.requests.hemograma import PedidoHemograma
from handlers.exames.rules.hemograma.evaluation import avaliar
from shared.findings import Avaliacao

CANONICAL = {
    "hemacias": "10*6/uL",
    "hemoglobina": "g/dL",
    "hematocrito": "%",
    "vcm": "fL",
    "hcm": "pg",
    "chcm": "g/dL",
    "rdw_cv": "%",
    "rdw_sd": "fL",
    "leucocitos": "10*3/uL",
    "plaquetas": "10*3/uL",
    "vpm": "fL",
    "eritroblastos_100leuco": "/100{WBCs}",
}
NORMAL = {
    "hemoglobina": "13.4",
    "hematocrito": "40.2",
    "hemacias": "4.55",
    "rdw_cv": "13.0",
    "leucocitos": "6.8",
    "segmentados_pct": "58",
    "bastonetes_pct": "2",
    "linfocitos_pct": "30",
    "monocitos_pct": "7",
    "eosinofilos_pct": "2",
    "basofilos_pct": "1",
    "plaquetas": "250",
}


def line(parameter: str, value: Any, **more: Any) -> dict[str, Any]:
    """One result line in the canonical unit, unless `unidade` says otherwise."""
    unit = CANONICAL.get(parameter, "%" if parameter.endswith("_pct") else "10*3/uL")
    return {"parametro": parameter, "valor": value, "unidade": unit, **more}


def body(results: list[dict[str, Any]], birth: str = "1992-05-20", sex: str = "F", **more: Any) -> dict[str, Any]:
    """A request body; `patient` overrides fields of the patient."""
    patient = {
        "cpf": "52998224725",
        "prontuario": "000123",
        "nome": "Pessoa Inventada",
        "data_nascimento": birth,
        "sexo": sex,
        **more.pop("patient", {}),
    }
    fixed = {"paciente": patient, "coleta_em": "2026-11-20T08:00:00-03:00", "amostra": "sangue total EDTA"}
    return {**fixed, "resultados": results, **more}


def hemogram(birth: str = "1992-05-20", sex: str = "F", **more: Any) -> PedidoHemograma:
    """A normal hemogram, changed by `values` (None removes a parameter); `extra` adds whole lines."""
    values = {**NORMAL, **more.pop("values", {})}
    extra = more.pop("extra", [])
    lines = [line(name, value) for name, value in values.items() if value is not None]
    replaced = {item["parametro"] for item in extra}
    kept = [item for item in lines if item["parametro"] not in replaced]
    return PedidoHemograma.model_validate(body([*kept, *extra], birth, sex, **more))


def codes(evaluation: Avaliacao) -> set[str]:
    return {finding.codigo for finding in evaluation.achados}


def with_values(
    birth: str = "1992-05-20", sex: str = "F", patient: dict[str, Any] | None = None, **values: Any
) -> set[str]:
    return codes(avaliar(hemogram(birth, sex, values=values, patient=patient or {})))
