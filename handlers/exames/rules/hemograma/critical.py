"""Critical values: judged on every sample, the inconsistent one too, because silence is the worse mistake."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from handlers.exames.rules.drafts import Rascunho
from handlers.exames.rules.hemograma.indices import Indices
from handlers.exames.rules.hemograma.sample import Amostra
from handlers.exames.rules.numbers import shown
from handlers.exames.tables.hemograma import ParametroCritico, TabelaHemograma
from handlers.exames.tables.parameters import Parametro as P
from shared.findings import Gravidade

_DOUBT = " Valor de amostra inconsistente: avisar e confirmar em nova coleta."


def critical_values(
    sample: Amostra, indices: Indices, table: TabelaHemograma, inconsistent: bool
) -> Iterator[Rascunho]:
    """One finding per parameter whose value, by any of its figures, is critical at this age in the hospital's table."""
    candidates: tuple[tuple[P, ParametroCritico, tuple[Decimal | None, ...]], ...] = (
        (P.HEMOGLOBINA, "hemoglobina", (sample.value(P.HEMOGLOBINA),)),
        (P.LEUCOCITOS, "leucocitos", (sample.value(P.LEUCOCITOS), indices.corrected_leukocytes)),
        (P.NEUTROFILOS_ABS, "neutrofilos_abs", (indices.neutrophils, indices.neutrophils_from_pct)),
        (P.PLAQUETAS, "plaquetas", (sample.value(P.PLAQUETAS),)),
        (P.BLASTOS_PCT, "blastos_pct", (sample.value(P.BLASTOS_PCT),)),
    )
    for parameter, name, values in candidates:
        row = table.criticos.of(name, sample.age)
        crossed = [(value, bound) for value in values if row and value is not None and (bound := row.crossed(value))]
        if crossed:
            value, (sign, limit) = crossed[0]
            yield _draft(parameter, value, sign, limit, inconsistent, table)


def _draft(
    parameter: P, value: Decimal, sign: str, limit: Decimal, inconsistent: bool, table: TabelaHemograma
) -> Rascunho:
    name = parameter.value.removesuffix("_abs").removesuffix("_pct")
    unit = parameter.shown_unit
    words = f"{parameter.label.lower()} {shown(value)} {unit} (limite {sign} {shown(limit)} {unit})"
    return Rascunho(
        codigo=f"critico_{name}",
        gravidade=Gravidade.CRITICO,
        descricao=f"Valor crítico: {words}.{_DOUBT if inconsistent else ''}",
        evidencia={
            parameter.value: value,
            "limite": limit,
            "comparacao": sign,
            "unidade": parameter.unit,
            "amostra_inconsistente": inconsistent,
        },
        fonte=table.criticos.fonte,
    )
