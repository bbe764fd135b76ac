"""Deterministic findings of a request for OPME. The outcome is a recommendation; only a signed human can deny."""

from __future__ import annotations

from handlers.opme.requests import Solicitacao
from handlers.opme.rules.completude import avaliar_completude
from handlers.opme.rules.cotacoes import avaliar_cotacoes
from handlers.opme.rules.prazos import PRAZO_IMEDIATO, avaliar_prazos
from handlers.opme.rules.procedimento import avaliar_cid, avaliar_codigos, avaliar_quantidades
from handlers.opme.rules.registro_anvisa import avaliar_registros
from shared.findings import Avaliacao, Gravidade


def avaliar(pedido: Solicitacao) -> Avaliacao:
    """Completeness, deadlines, registrations, codes, quantities and quotations."""
    return concluir(examinar(pedido))


def examinar(pedido: Solicitacao, campos_do_evento: tuple[str, ...] = ()) -> Avaliacao:
    """Everything the three events share. `campos_do_evento` are the gate's extra fields of a special request."""
    saida = Avaliacao()
    avaliar_completude(pedido, campos_do_evento, saida)
    avaliar_prazos(pedido, saida)
    avaliar_registros(pedido, saida)
    avaliar_codigos(pedido, saida)
    avaliar_cid(pedido, saida)
    avaliar_quantidades(pedido, saida)
    avaliar_cotacoes(pedido, saida)
    return saida


def concluir(saida: Avaliacao) -> Avaliacao:
    """Write the recommendation once every finding is known. It names the next human step and is never a denial.

    Urgency is an alert, not a reservation about the request. What no table could verify is not without reservations.
    """
    if not saida.calculos["completo"]:
        saida.calculos["recomendacao"] = "pedir_complementacao"
    elif any(a.gravidade is not Gravidade.INFO and a.codigo != PRAZO_IMEDIATO for a in saida.achados):
        saida.calculos["recomendacao"] = "auditoria_com_ressalvas"
    elif _left_unverified(saida):
        saida.calculos["recomendacao"] = "auditoria_com_verificacoes_pendentes"
    else:
        saida.calculos["recomendacao"] = "auditoria_sem_ressalvas"
    saida.calculos["decisao"] = "humana_pendente"
    return saida


def _left_unverified(saida: Avaliacao) -> bool:
    """Whether a registration, a code, the diagnosis or a quantity is outside the hospital's tables."""
    calculos = saida.calculos
    open_pairs = calculos["cid_compativel"] is None or not calculos["quantidades_na_tabela"]
    return open_pairs or "nao_verificado" in calculos.values()
