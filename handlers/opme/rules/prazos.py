"""Until when the operator must answer (RN 623/2024) and care must happen (RN 566/2022)."""

from __future__ import annotations

from handlers.opme.requests import Solicitacao
from handlers.opme.rules.feriados import somar_dias_uteis
from handlers.opme.tables.loader import table
from shared.findings import Avaliacao, Gravidade

_TABLE = table("prazos")


def avaliar_prazos(pedido: Solicitacao, saida: Avaliacao) -> None:
    """Write the deadlines into `saida`: always in business days, as dates where `data_solicitacao` is known."""
    saida.versoes_tabelas |= {"prazos": _TABLE["versao"], "feriados": table("feriados")["versao"]}
    saida.nao_avaliado.append("prazos: feriados estaduais e municipais não considerados")
    saida.calculos["prazo_desempate_dias_uteis"] = _TABLE["desempate"]["dias_uteis"]
    _write_deadline("resposta", pedido, saida)
    if pedido.carater in _TABLE["atendimento"]["dias_uteis"]:
        _write_deadline("atendimento", pedido, saida)
    if pedido.data_solicitacao is None:
        saida.dados_faltantes.append("data_solicitacao")


def _write_deadline(qual: str, pedido: Solicitacao, saida: Avaliacao) -> None:
    dias = _TABLE[qual]["dias_uteis"][pedido.carater]
    ate = None if pedido.data_solicitacao is None else somar_dias_uteis(pedido.data_solicitacao, dias).isoformat()
    saida.calculos |= {f"prazo_{qual}_dias_uteis": dias, f"prazo_{qual}_ate": ate}
    evidencia = {"carater": pedido.carater, "dias_uteis": dias, "ate": ate, "convencao": "exclui o dia da solicitação"}
    fonte, versao = _TABLE[qual]["fonte"], _TABLE["versao"]
    if dias == 0:
        texto = "Caráter de urgência: a resposta da operadora é imediata."
        saida.anotar("prazo_imediato", Gravidade.ATENCAO, texto, evidencia, fonte, versao)
        return
    quando = f", até {ate}" if ate else ""
    texto = f"Prazo de {qual} de {dias} dias úteis{quando}."
    saida.anotar(f"prazo_{qual}", Gravidade.INFO, texto, evidencia, fonte, versao)
