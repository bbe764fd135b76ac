"""Procedure, diagnosis and quantities: check digits that warn, and the excerpt of SIGTAP that was verified.

Outside the excerpt nothing is concluded: a diagnosis that is listed neither way stays not evaluated.
"""

from __future__ import annotations

from decimal import Decimal

from handlers.opme.requests import ItemOpme, Solicitacao
from handlers.opme.tables.loader import table
from shared.clinical.identifiers import sigtap_check_digit_agrees, tuss_check_digit_agrees
from shared.findings import Avaliacao, Gravidade

VERSAO = "opme-procedimento-1"
_SIGTAP = table("sigtap")
_LIMITS = table("limites")
_CHECK_DIGIT = {8: tuss_check_digit_agrees, 10: sigtap_check_digit_agrees}


def codigo_confere(codigo: str) -> bool | None:
    """Whether the check digit agrees; None for a code that is neither TUSS (8 digits) nor SIGTAP (10)."""
    agrees = _CHECK_DIGIT.get(len(codigo))
    return agrees(codigo) if agrees and codigo.isdigit() else None


def avaliar_codigos(pedido: Solicitacao, saida: Avaliacao) -> None:
    """Warn of check digits that disagree; existence in the current tables is not evaluated."""
    codes = {"procedimento": pedido.procedimento}
    codes |= {f"itens[{i}].codigo": item.codigo for i, item in enumerate(pedido.itens or ()) if item.codigo}
    campos = [campo for campo, codigo in codes.items() if codigo_confere(codigo) is False]
    saida.nao_avaliado.append(
        "tuss e sigtap: existência na tabela vigente não verificada, somente o dígito verificador"
    )
    if campos:
        texto = f"Dígito verificador não confere em {', '.join(campos)}; a tabela vigente decide."
        fonte = "Conferência empírica de dígito verificador (SIGTAP out/2025; TUSS tabelas 20 e 22)"
        saida.anotar("codigo_dv_divergente", Gravidade.INFO, texto, {"campos": campos}, fonte, VERSAO)


def avaliar_cid(pedido: Solicitacao, saida: Avaliacao) -> None:
    """Diagnosis against procedure, as far as the SIGTAP excerpt knows both."""
    saida.versoes_tabelas["sigtap"] = _SIGTAP["versao"]
    row = _SIGTAP["procedimentos"].get(pedido.procedimento, {})
    compativel = None
    if pedido.cid in row.get("cids_compativeis", ()):
        compativel = True
    elif pedido.cid in row.get("cids_incompativeis", ()):
        compativel = False
        texto = f"O CID {pedido.cid} não é compatível com o procedimento {pedido.procedimento} no SIGTAP."
        evidencia = {"cid": pedido.cid, "procedimento": pedido.procedimento}
        saida.anotar("cid_incompativel", Gravidade.ATENCAO, texto, evidencia, _SIGTAP["fonte"], _SIGTAP["versao"])
    else:
        saida.nao_avaliado.append("cid x procedimento: par fora do recorte do SIGTAP desta versão")
    saida.calculos["cid_compativel"] = compativel


def quantidades_por_codigo(itens: list[ItemOpme]) -> dict[str, Decimal]:
    """Units asked for per material. Rows that are alternatives of one material (`opcao_fabricante`) do not add up."""
    totals: dict[tuple[str, int], Decimal] = {}
    for item in itens:
        if item.codigo and item.quantidade is not None:
            key = (item.codigo, item.opcao_fabricante or 1)
            totals[key] = totals.get(key, Decimal(0)) + item.quantidade
    return {code: max(v for (c, _), v in totals.items() if c == code) for code, _ in totals}


def avaliar_quantidades(pedido: Solicitacao, saida: Avaliacao) -> None:
    """Quantity against the procedure's limit where SIGTAP has one, and against what is usual everywhere else."""
    limits = _SIGTAP["procedimentos"].get(pedido.procedimento, {}).get("quantidade_maxima", {})
    totals = quantidades_por_codigo(pedido.itens or [])
    for codigo, quantidade in totals.items():
        if codigo in limits:
            _write_excess(codigo, quantidade, Decimal(limits[codigo]), saida)
        elif quantidade > Decimal(_LIMITS["quantidade_incomum_por_item"]):
            _write_unusual(codigo, quantidade, saida)
    if not totals or totals.keys() - limits.keys():
        saida.nao_avaliado.append("quantidade x procedimento: material fora do recorte do SIGTAP desta versão")


def _write_excess(codigo: str, quantidade: Decimal, limite: Decimal, saida: Avaliacao) -> None:
    saida.calculos[f"quantidade_maxima[{codigo}]"] = limite
    if quantidade > limite:
        texto = f"Quantidade {quantidade} do material {codigo} acima do máximo de {limite} para o procedimento."
        evidencia = {"codigo": codigo, "quantidade": quantidade, "maximo": limite}
        saida.anotar("quantidade_excedida", Gravidade.ATENCAO, texto, evidencia, _SIGTAP["fonte"], _SIGTAP["versao"])


def _write_unusual(codigo: str, quantidade: Decimal, saida: Avaliacao) -> None:
    limite = _LIMITS["quantidade_incomum_por_item"]
    texto = f"Quantidade {quantidade} do material {codigo} acima de {limite}, incomum: confirmar."
    evidencia = {"codigo": codigo, "quantidade": quantidade, "limite": Decimal(limite)}
    saida.anotar("quantidade_incomum", Gravidade.ATENCAO, texto, evidencia, _LIMITS["fonte"], _LIMITS["versao"])
