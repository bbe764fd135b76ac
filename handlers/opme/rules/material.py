"""Deterministic findings of a request for special material."""

from __future__ import annotations

from decimal import Decimal

from handlers.opme.requests import Material
from handlers.opme.rules.procedimento import quantidades_por_codigo
from handlers.opme.rules.solicitacao import concluir, examinar
from shared.clinical.notation import escrito
from shared.findings import Avaliacao, Gravidade

VERSAO = "opme-material-1"
_FONTE = "Coerência entre consumo previsto e quantidade solicitada (regra local ◇)"


def avaliar(pedido: Material) -> Avaliacao:
    """The findings of every request, and the quantity against the expected consumption."""
    saida = examinar(pedido, ("consumo_previsto",))
    _compare_with_consumption(pedido, saida)
    return concluir(saida)


def _compare_with_consumption(pedido: Material, saida: Avaliacao) -> None:
    totals = quantidades_por_codigo(pedido.itens or [])
    if pedido.consumo_previsto is None or len(totals) != 1:
        saida.nao_avaliado.append("consumo previsto x quantidade: só com consumo informado e um único material")
        return
    solicitado: Decimal = next(iter(totals.values()))
    pedida, previsto = escrito(solicitado), escrito(pedido.consumo_previsto)
    evidencia = {"solicitado": solicitado, "consumo_previsto": pedido.consumo_previsto, "uso_unico": pedido.uso_unico}
    if solicitado > pedido.consumo_previsto:
        texto = f"Quantidade solicitada ({pedida}) acima do consumo previsto ({previsto})."
        saida.anotar("acima_do_consumo", Gravidade.ATENCAO, texto, evidencia, _FONTE, VERSAO)
    elif pedido.uso_unico and solicitado < pedido.consumo_previsto:
        texto = f"Material de uso único com {pedida} unidades para consumo previsto de {previsto}."
        saida.anotar("abaixo_do_consumo", Gravidade.ATENCAO, texto, evidencia, _FONTE, VERSAO)
