"""Critical values: judged on every sample, the inconsistent one too, because silence is the worse mistake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from handlers.exames.rules.drafts import Rascunho
from handlers.exames.rules.hemograma.indices import compute
from handlers.exames.rules.hemograma.sample import Amostra
from handlers.exames.rules.numbers import shown
from handlers.exames.tables.criticos import Critico, ParametroCritico
from handlers.exames.tables.hemograma import TabelaHemograma
from handlers.exames.tables.parameters import Parametro as P
from shared.findings import Gravidade

CRITICAL_PARAMETERS: dict[P, ParametroCritico] = {
    P.HEMOGLOBINA: "hemoglobina",
    P.LEUCOCITOS: "leucocitos",
    P.NEUTROFILOS_ABS: "neutrofilos_abs",
    P.PLAQUETAS: "plaquetas",
    P.BLASTOS_PCT: "blastos_pct",
}
_INCONSISTENT = " Valor de amostra inconsistente: avisar e confirmar em nova coleta."
_DISPUTED = " Há outro resultado do mesmo parâmetro, diferente: avisar e confirmar."


@dataclass(frozen=True)
class _Crossing:
    """A figure, or with `comparator` the bound of one, that lies beyond `limit`."""

    value: Decimal
    sign: str
    limit: Decimal
    disputed: bool
    comparator: str = ""
    words: str = ""


def critical_values(sample: Amostra, table: TabelaHemograma, inconsistent: bool) -> Iterator[Rascunho]:
    """One finding per parameter whose value, by any of its figures, is critical at this age in the hospital's table."""
    for parameter, name in CRITICAL_PARAMETERS.items():
        row = table.criticos.of(name, sample.age)
        crossing = next(_crossings(sample, parameter, row, table), None) if row else None
        if crossing is not None:
            yield _draft(parameter, crossing, inconsistent, table)


def code_of(parameter: P) -> str:
    """The code of the parameter's critical finding."""
    return f"critico_{parameter.value.removesuffix('_abs').removesuffix('_pct')}"


def _crossings(sample: Amostra, parameter: P, row: Critico, table: TabelaHemograma) -> Iterator[_Crossing]:
    """From the most certain figure to the least: what the sample says, bounds, each of contradictory results."""
    certain, *disputed = sample.readings()
    for reading in (certain, *disputed):
        for value in _figures(reading, parameter, table):
            crossed = None if value is None else row.crossed(value)
            if crossed and value is not None:
                yield _Crossing(value, *crossed, disputed=reading is not certain)
        if reading is certain:
            for bound in sample.bounds.get(parameter, ()):
                if crossed := bound.crossed(row):
                    doubt = parameter in sample.disputed
                    yield _Crossing(bound.value, *crossed, doubt, bound.comparator, f"{bound.words} ")


def _figures(sample: Amostra, parameter: P, table: TabelaHemograma) -> tuple[Decimal | None, ...]:
    indices = compute(sample, table)
    if parameter is P.NEUTROFILOS_ABS:
        return indices.neutrophils, indices.neutrophils_from_pct
    if parameter is P.LEUCOCITOS:
        return sample.value(parameter), indices.corrected_leukocytes
    return (sample.value(parameter),)


def _draft(parameter: P, found: _Crossing, inconsistent: bool, table: TabelaHemograma) -> Rascunho:
    unit = parameter.shown_unit
    value = f"{found.words}{shown(found.value)} {unit}"
    doubts = (_INCONSISTENT if inconsistent else "") + (_DISPUTED if found.disputed else "")
    evidence = {
        parameter.value: found.value,
        "limite": found.limit,
        "comparacao": found.sign,
        "unidade": parameter.unit,
        "amostra_inconsistente": inconsistent,
    }
    return Rascunho(
        codigo=code_of(parameter),
        gravidade=Gravidade.CRITICO,
        descricao=f"Valor crítico: {parameter.label.lower()} {value} (limite {found.sign} {shown(found.limit)} {unit})."
        + doubts,
        evidencia=evidence
        | ({"comparador": found.comparator} if found.comparator else {})
        | ({"resultado_repetido_divergente": True} if found.disputed else {}),
        fonte=table.criticos.fonte,
    )
