"""How results of exams are read back as FHIR: DiagnosticReports, with the measured values under their LOINC codes."""

from __future__ import annotations

from handlers.exames.requests.hemograma import PedidoHemograma
from handlers.exames.requests.imagem import PedidoImagem
from handlers.exames.rules.hemograma.lines import read_lines
from handlers.exames.tables import HEMOGRAMA
from handlers.exames.tables.parameters import Parametro
from shared.fhir.readback import LOINC, Code, Measured, Readback

_CREATININE = Code(LOINC, "2160-0", "Creatinine [Mass/volume] in Serum or Plasma")
_EGFR_UNIT = "mL/min/{1.73_m2}"


def _codes() -> dict[Parametro, str | None]:
    """The code without a method first: a request does not say how each value was obtained."""
    rows = HEMOGRAMA.current().parametros
    return {row.campo: row.loinc_sem_metodo or (row.loinc or "").partition(" ")[0] for row in rows}


def hemogram_values(request: PedidoHemograma) -> list[Measured]:
    """Every interpreted line of the report in its canonical unit, with its range; the others are findings."""
    codes = _codes()
    return [
        Measured(
            field=parameter.value,
            label=parameter.label,
            value=measure.value,
            unit=parameter.unit,
            category="laboratory",
            code=Code(LOINC, code) if (code := codes.get(parameter)) else None,
            at=request.coleta_em,
            low=measure.ref_min,
            high=measure.ref_max,
        )
        for parameter, measure in read_lines(request.resultados).measures.items()
    ]


def imaging_values(request: PedidoImagem) -> list[Measured]:
    """The creatinine that the contrast rules used."""
    if request.creatinina_mg_dl is None:
        return []
    value = request.creatinina_mg_dl
    return [
        Measured("creatinina", "Creatinina", value, "mg/dL", "laboratory", _CREATININE, at=request.creatinina_em),
    ]


READBACK: dict[str, Readback] = {
    "exame": Readback(diagnostic=True),
    "hemograma": Readback(
        diagnostic=True,
        panel=Code(LOINC, "58410-2", "CBC panel - Blood by Automated count"),
        measured=hemogram_values,
        calculated={
            "vcm": (None, "fL"),
            "hcm": (None, "pg"),
            "chcm": (None, "g/dL"),
            "soma": (None, "%"),
            "leuco_corrigido": (None, "10*3/uL"),
            **{f"variacao_{parameter.value}": (None, parameter.unit) for parameter in Parametro},
            **{f"{cell}_abs": (None, "10*3/uL") for cell in ("neutrofilos", "bastonetes", "segmentados")},
            **{f"{cell}_abs": (None, "10*3/uL") for cell in ("linfocitos", "monocitos", "eosinofilos", "basofilos")},
        },
    ),
    "imagem": Readback(
        diagnostic=True,
        measured=imaging_values,
        calculated={"tfg_ml_min_1_73m2": (None, _EGFR_UNIT)},
    ),
}
