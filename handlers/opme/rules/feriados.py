"""National holidays of Brazil and business days. State and municipal holidays are not known here."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from handlers.opme.tables.loader import table

_SATURDAY = 5


def pascoa(ano: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones, Butcher)."""
    a, b, c = ano % 19, ano // 100, ano % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * i) // 451
    mes, dia = divmod(h + i - 7 * m + 114, 31)
    return date(ano, mes, dia + 1)


@cache
def feriados_nacionais(ano: int) -> frozenset[date]:
    """The national holidays of one year, fixed and movable."""
    content = table("feriados")
    fixed = {date(ano, row["mes"], row["dia"]) for row in content["fixos"] if ano >= row.get("desde", ano)}
    movable = {pascoa(ano) + timedelta(days=row["dias"]) for row in content["dias_apos_a_pascoa"]}
    return frozenset(fixed | movable)


def dia_util(dia: date) -> bool:
    """Monday to Friday and no national holiday."""
    return dia.weekday() < _SATURDAY and dia not in feriados_nacionais(dia.year)


def somar_dias_uteis(inicio: date, dias: int) -> date:
    """The `dias`-th business day after `inicio`; the first day does not count (Lei 9.784/1999, art. 66)."""
    dia = inicio
    while dias > 0:
        dia += timedelta(days=1)
        dias -= dia_util(dia)
    return dia
