"""Business days where the establishment stands: national and state holidays, and the hospital's own dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import holidays

from handlers.opme.requests import Solicitacao
from handlers.opme.tables import FERIADOS
from shared.clinical.identifiers import Uf

_SATURDAY = 5


@cache
def feriados_publicos(ano: int, uf: Uf | None) -> frozenset[date]:
    """National holidays of one year, with those of the state where one is given (package `holidays`)."""
    return frozenset(holidays.country_holidays("BR", subdiv=uf, years=ano))


@dataclass(frozen=True)
class Calendario:
    """What one establishment counts as a business day. `uf` None: only national holidays are known."""

    uf: Uf | None = None
    locais: frozenset[date] = frozenset()

    def dia_util(self, dia: date) -> bool:
        """Monday to Friday and no holiday."""
        return dia.weekday() < _SATURDAY and dia not in self.locais and dia not in feriados_publicos(dia.year, self.uf)

    def somar_dias_uteis(self, inicio: date, dias: int) -> date:
        """The `dias`-th business day after `inicio`; the first day does not count (Lei 9.784/1999, art. 66)."""
        dia = inicio
        while dias > 0:
            dia += timedelta(days=1)
            dias -= self.dia_util(dia)
        return dia


def calendario_de(pedido: Solicitacao) -> Calendario:
    """The calendar of the request's establishment, as the hospital's table has it."""
    cnes = None if pedido.estabelecimento is None else pedido.estabelecimento.cnes
    tabela = FERIADOS.current()
    return Calendario(tabela.state_of(cnes), tabela.local_dates(cnes))
