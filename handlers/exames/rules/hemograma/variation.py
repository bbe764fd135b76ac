"""The change against the patient's previous hemogram: every difference, and those that the table says are too large."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from handlers.exames.requests.hemograma import PedidoHemograma
from handlers.exames.rules.drafts import Rascunho
from handlers.exames.rules.hemograma.lines import Leitura, read_lines
from handlers.exames.rules.hemograma.sample import Amostra
from handlers.exames.rules.numbers import rounded, shown
from handlers.exames.tables.hemograma import LimiteDeVariacao, TabelaHemograma
from handlers.exames.tables.parameters import Parametro
from shared.findings import Gravidade


def differences(request: PedidoHemograma, sample: Amostra) -> dict[str, Decimal]:
    """Current minus previous value, per parameter both hemograms hold, in the canonical unit."""
    before = _previous(request)
    return {
        f"variacao_{parameter.value}": rounded(measure.value - before[parameter], 3)
        for parameter, measure in sample.measures.items()
        if parameter in before
    }


def delta_checks(request: PedidoHemograma, sample: Amostra, table: TabelaHemograma) -> Iterator[Rascunho]:
    """One finding per limit that the change has reached ◇; a previous sample that is too old says nothing."""
    if request.anterior is None:
        return
    interval, before = request.coleta_em - request.anterior.coleta_em, _previous(request)
    for limit in table.variacao.limites:
        now, former = sample.value(limit.parametro), before.get(limit.parametro)
        if now is None or former is None or interval > timedelta(days=limit.ate_dias):
            continue
        if _reached(limit, now, former):
            yield _draft(limit, now, former, interval, table)


def not_compared(request: PedidoHemograma, sample: Amostra) -> Iterator[str]:
    """Parameters of this sample whose previous result was sent and could not be interpreted."""
    aside = _reading(request).aside
    names = [parameter.label for parameter in sample.measures if parameter in aside]
    if names:
        yield f"Variação desde o hemograma anterior, por resultado anterior não interpretado: {', '.join(names)}"


def _previous(request: PedidoHemograma) -> dict[Parametro, Decimal]:
    return {parameter: measure.value for parameter, measure in _reading(request).measures.items()}


def _reading(request: PedidoHemograma) -> Leitura:
    return read_lines([] if request.anterior is None else request.anterior.resultados)


def _reached(limit: LimiteDeVariacao, now: Decimal, former: Decimal) -> bool:
    change = {"queda": former - now, "alta": now - former, "ambos": abs(now - former)}[limit.sentido]
    by_amount = limit.absoluta is None or change >= limit.absoluta
    by_share = limit.percentual is None or (former > 0 and change * 100 >= limit.percentual * former)
    return by_amount and by_share


def _draft(
    limit: LimiteDeVariacao, now: Decimal, former: Decimal, interval: timedelta, table: TabelaHemograma
) -> Rascunho:
    parameter, hours = limit.parametro, int(interval.total_seconds() // 3600)
    unit = parameter.shown_unit
    return Rascunho(
        limit.codigo,
        Gravidade.ATENCAO,
        f"{parameter.label} de {shown(former)} para {shown(now)} {unit} em {hours} h: {limit.conduta}.",
        {
            "anterior": former,
            "atual": now,
            "intervalo_h": hours,
            "limite_absoluto": limit.absoluta,
            "limite_percentual": limit.percentual,
            "unidade": parameter.unit,
        },
        table.variacao.fonte,
    )
