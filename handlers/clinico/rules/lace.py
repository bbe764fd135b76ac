"""LACE: risk of death or unplanned readmission in 30 days after discharge (van Walraven 2010), for adults.

Day count: the difference of the calendar dates of discharge and admission, in the time zone of the admission (a
same-day stay has 0 days). Forms in use also count both ends; where that changes the risk class, a finding says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handlers.clinico.rules.charlson import grupos_de
from handlers.clinico.tables import LACE
from shared.clinical.notation import contado
from shared.findings import Avaliacao, Gravidade

_TABLE = LACE.current()
CONVENCAO_DIAS = "diferenca_de_datas_no_fuso_da_internacao"
_WORDS = {
    "carater": "caráter da internação",
    "cids_secundarios": "diagnósticos secundários",
    "visitas_ps_6m": "visitas ao pronto-socorro nos 6 meses anteriores",
}


@dataclass(frozen=True)
class Lace:
    """The four parts; None where the input is missing."""

    permanencia: int
    agudo: int | None
    comorbidade: int | None
    emergencia: int | None

    @property
    def soma(self) -> int:
        """The total when no part is None; otherwise its lower bound."""
        return self.permanencia + (self.agudo or 0) + (self.comorbidade or 0) + (self.emergencia or 0)

    @property
    def completo(self) -> bool:
        return None not in (self.agudo, self.comorbidade, self.emergencia)


def dias_de_permanencia(internacao: datetime, alta: datetime) -> int:
    """Midnights between admission and discharge, both read in the zone of the admission."""
    return (alta.astimezone(internacao.tzinfo).date() - internacao.date()).days


def pontos_de_permanencia(dias: int) -> int:
    return next(row.pontos for row in _TABLE.permanencia if row.ate_dias is None or dias <= row.ate_dias)


def soma_de_comorbidades(cids: Sequence[str]) -> int:
    """LACE's own weights over the Charlson groups; groups without a weight there count nothing."""
    return sum(_TABLE.pesos.get(grupo, 0) for grupo in grupos_de(cids))


def pontos_de_comorbidade(soma: int) -> int:
    rule = _TABLE.comorbidade
    return rule.pontos if soma >= rule.a_partir_de else soma


def calcular(dias: int, agudo: bool | None, comorbidades: int | None, visitas_ps: int | None) -> Lace:
    """The four parts of LACE. `comorbidades` is the weighted sum; `visitas_ps` excludes the present visit."""
    return Lace(
        permanencia=pontos_de_permanencia(dias),
        agudo=None if agudo is None else _TABLE.urgencia * agudo,
        comorbidade=None if comorbidades is None else pontos_de_comorbidade(comorbidades),
        emergencia=None if visitas_ps is None else min(visitas_ps, _TABLE.pronto_socorro.maximo),
    )


def risco_de(total: int) -> str:
    if total >= _TABLE.risco.alto:
        return "alto"
    return "moderado" if total >= _TABLE.risco.moderado else "baixo"


@dataclass(frozen=True)
class EntradaLace:
    """What LACE needs of a discharge; None where not informed. `idade` is in completed years at discharge."""

    internacao: datetime
    alta: datetime
    carater: str | None
    cids: Sequence[str] | None
    visitas_ps_6m: int | None
    idade: int
    obito: bool


def avaliar_lace(entrada: EntradaLace, saida: Avaliacao) -> None:
    """Write parts, total, risk and findings into `saida`."""
    saida.versoes_tabelas["lace"] = _TABLE.versao
    if entrada.obito or entrada.idade < _TABLE.idade_minima_anos:
        motivo = "obito" if entrada.obito else "menor_de_idade"
        saida.calculos |= {"lace": "nao_calculavel", "lace_motivo": motivo}
        saida.nao_avaliado.append("lace: aplica-se somente a adultos que saem vivos")
        return
    dias = dias_de_permanencia(entrada.internacao, entrada.alta)
    parts, inclusive = (_parts(entrada, days) for days in (dias, dias + 1))
    saida.calculos |= {"lace_dias": dias, "lace_convencao_dias": CONVENCAO_DIAS, "lace_L": parts.permanencia}
    saida.calculos |= {"lace_A": parts.agudo, "lace_C": parts.comorbidade, "lace_E": parts.emergencia}
    saida.nao_avaliado.append("lace: doença renal leve não é distinguível pelos prefixos da CID-10")
    evidencia = _evidence(entrada, dias)
    if not parts.completo:
        _write_incomplete(entrada, parts, evidencia, saida)
        return
    risco = risco_de(parts.soma)
    saida.calculos |= {"lace": parts.soma, "lace_risco": risco}
    stay = f"{_points(parts.soma)} com {_days(dias)} de internação"
    texto = f"LACE de {stay}: risco {risco} de readmissão em 30 dias."
    _note(saida, f"lace_{risco}", Gravidade.ATENCAO if risco == "alto" else Gravidade.INFO, texto, evidencia)
    if risco_de(inclusive.soma) != risco:
        texto = f"Contando os dois extremos ({_days(dias + 1)}), o LACE seria {inclusive.soma}: outra classe de risco."
        _note(saida, "lace_sensivel_a_convencao", Gravidade.INFO, texto, evidencia)


def _parts(entrada: EntradaLace, dias: int) -> Lace:
    agudo = None if entrada.carater is None else entrada.carater == "urgencia"
    comorbidades = None if entrada.cids is None else soma_de_comorbidades(entrada.cids)
    return calcular(dias, agudo, comorbidades, entrada.visitas_ps_6m)


def _evidence(entrada: EntradaLace, dias: int) -> dict[str, Any]:
    return {
        "dias": dias,
        "convencao_dias": CONVENCAO_DIAS,
        "carater": entrada.carater,
        "grupos": None if entrada.cids is None else grupos_de(entrada.cids),
        "visitas_ps_6m": entrada.visitas_ps_6m,
    }


def _write_incomplete(entrada: EntradaLace, parts: Lace, evidencia: dict[str, Any], saida: Avaliacao) -> None:
    given = {"carater": entrada.carater, "cids_secundarios": entrada.cids, "visitas_ps_6m": entrada.visitas_ps_6m}
    faltam = [campo for campo, valor in given.items() if valor is None]
    saida.calculos |= {"lace": "nao_calculavel", "lace_minimo": parts.soma}
    saida.dados_faltantes += [campo for campo in faltam if campo not in saida.dados_faltantes]
    palavras = ", ".join(_WORDS[campo] for campo in faltam)
    texto = f"LACE não calculável: falta informar {palavras}; os dados conhecidos somam {_points(parts.soma)}."
    _note(saida, "lace_nao_calculavel", Gravidade.INFO, texto, evidencia)
    if risco_de(parts.soma) == "alto":
        texto = f"LACE de pelo menos {_points(parts.soma)} somente com os dados conhecidos: risco alto de readmissão."
        _note(saida, "lace_alto_parcial", Gravidade.ATENCAO, texto, evidencia)


def _points(count: int) -> str:
    return contado(count, "ponto", "pontos")


def _days(count: int) -> str:
    return contado(count, "dia", "dias")


def _note(saida: Avaliacao, codigo: str, gravidade: Gravidade, texto: str, evidencia: dict[str, Any]) -> None:
    saida.anotar(codigo, gravidade, texto, evidencia, _TABLE.fonte, _TABLE.versao)
