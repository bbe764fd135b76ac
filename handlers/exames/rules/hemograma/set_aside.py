"""What could not be interpreted, said item by item: a result that is left out in silence may be the critical one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from handlers.exames.requests.hemograma import ResultadoParametro
from handlers.exames.rules.drafts import Rascunho
from handlers.exames.rules.hemograma.critical import CRITICAL_PARAMETERS
from handlers.exames.rules.hemograma.lines import Leitura, Separado
from handlers.exames.rules.numbers import shown
from handlers.exames.tables.hemograma import TabelaHemograma
from handlers.exames.tables.motives import Motivo
from handlers.exames.tables.parameters import Parametro
from handlers.exames.tables.units import repeatable
from shared.findings import Gravidade

CODE = "resultado_nao_interpretado"
RANGE_CODE = "referencia_nao_interpretada"
_RULE = "Regra deste projeto: resultado que não se interpreta é separado e nomeado, nunca adivinhado"
_CHECK = " Parâmetro com valores críticos: conferir já no laudo de origem."
_MOST_REPEATED = 10**8  # a longer number is no count of cells, and may be somebody's document


def findings(reading: Leitura, decided: Iterable[Rascunho], table: TabelaHemograma) -> Iterator[Rascunho]:
    """One per line that was set aside, and per bound that `decided` nothing; then ranges that cannot be right."""
    answered = {name for draft in decided if "comparador" in draft.evidencia for name in draft.evidencia}
    for item in reading.set_aside:
        yield _draft(item, item.line.parametro in reading.measures, table)
    for parameter, bounds in reading.bounds.items():
        if parameter.value not in answered and parameter not in reading.disputed:
            yield _draft(Separado(bounds[0].line, Motivo.NAO_NUMERICO), False, table)
    for line in reading.bad_ranges:
        yield _range_draft(line)


def _draft(item: Separado, other_used: bool, table: TabelaHemograma) -> Rascunho:
    parameter = item.line.parametro
    critical = parameter in CRITICAL_PARAMETERS and not other_used
    after = (
        " Vale o outro resultado enviado do mesmo parâmetro."
        if other_used
        else " Não entrou em cálculo nem em comparação com intervalos." + (_CHECK if critical else "")
    )
    return Rascunho(
        CODE,
        Gravidade.ATENCAO,
        f"{_name(parameter)}: resultado não interpretado, {item.motive.words}{_shown(item)}.{after}",
        _evidence(item, critical),
        table.plausibilidade.fonte if item.motive is Motivo.VALOR_IMPLAUSIVEL else _RULE,
    )


def _evidence(item: Separado, critical: bool) -> dict[str, Any]:
    line = item.line
    given: dict[str, Any] = {"unidade": repeatable(line.unidade), "comparador": line.comparador}
    if item.values:
        given = {"valores": list(item.values), "unidade": line.parametro.unit}
    elif line.valor is not None and abs(line.valor) < _MOST_REPEATED:
        given["valor"] = line.valor
    named = {"parametro": line.parametro.value, "motivo": item.motive.value, "tem_valor_critico": critical}
    return named | {name: value for name, value in given.items() if value is not None}


def _shown(item: Separado) -> str:
    """What came, in brackets, when it can be repeated."""
    line = item.line
    if item.values:
        return f" ({' e '.join(shown(value) for value in item.values)} {line.parametro.shown_unit})"
    value = "" if line.valor is None or abs(line.valor) >= _MOST_REPEATED else shown(line.valor)
    words = f"{line.comparador or ''} {value} {repeatable(line.unidade) or ''}".strip()
    return f" ({words})" if value else ""


def _range_draft(line: ResultadoParametro) -> Rascunho:
    return Rascunho(
        RANGE_CODE,
        Gravidade.ATENCAO,
        f"{_name(line.parametro)}: o intervalo de referência do laboratório contradiz a si mesmo ou a unidade "
        "e não foi usado.",
        {"parametro": line.parametro.value, "unidade": repeatable(line.unidade)},
        _RULE,
    )


def _name(parameter: Parametro) -> str:
    """The label; of those that come as a count and as a percentage, which of the two."""
    return f"{parameter.label} ({parameter.shown_unit})" if parameter.endswith(("_abs", "_pct")) else parameter.label
