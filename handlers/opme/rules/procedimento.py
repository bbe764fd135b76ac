"""Procedure, diagnosis and quantities against the hospital's table, and codes against the official lists.

Outside the tables nothing is concluded: a diagnosis that is listed neither way stays not evaluated.
"""

from __future__ import annotations

from decimal import Decimal

from handlers.opme.requests import ItemOpme, Solicitacao
from handlers.opme.tables import COMPATIBILIDADE, LIMITES
from handlers.opme.tables.compatibilidade import Procedimento, TabelaCompatibilidade
from shared.clinical.code_existence import avaliar_existencia
from shared.clinical.identifiers import sigtap_check_digit_agrees, tuss_check_digit_agrees
from shared.clinical.notation import escrito
from shared.clinical.terminology import CID10, SIGTAP, TUSS
from shared.findings import Avaliacao, Gravidade

VERSAO = "opme-procedimento-3"
_CHECK_DIGIT = {8: tuss_check_digit_agrees, 10: sigtap_check_digit_agrees}


def codigo_confere(codigo: str) -> bool | None:
    """Whether the check digit agrees; None for a code that is neither TUSS (8 digits) nor SIGTAP (10)."""
    agrees = _CHECK_DIGIT.get(len(codigo))
    return agrees(codigo) if agrees and codigo.isdigit() else None


def avaliar_codigos(pedido: Solicitacao, saida: Avaliacao) -> None:
    """Check digits only warn; existence is answered by the hospital's official lists, where it has them."""
    codes = {"procedimento": pedido.procedimento}
    codes |= {f"itens[{i}].codigo": item.codigo for i, item in enumerate(pedido.itens or ()) if item.codigo}
    campos = [campo for campo, codigo in codes.items() if codigo_confere(codigo) is False]
    if campos:
        texto = f"Dígito verificador não confere em {', '.join(campos)}; a tabela vigente decide."
        fonte = "Conferência empírica de dígito verificador (SIGTAP out/2025; TUSS tabelas 20 e 22)"
        saida.anotar("codigo_dv_divergente", Gravidade.INFO, texto, {"campos": campos}, fonte, VERSAO)
    for length, table in ((10, SIGTAP), (8, TUSS)):
        of_table = {campo: code for campo, code in codes.items() if len(code) == length and code.isdigit()}
        avaliar_existencia(of_table, table, saida)
    avaliar_existencia({"cid": pedido.cid}, CID10, saida)


def _row(table: TabelaCompatibilidade, pedido: Solicitacao) -> Procedimento:
    return table.procedimentos.get(pedido.procedimento, Procedimento())


def avaliar_cid(pedido: Solicitacao, saida: Avaliacao) -> None:
    """Diagnosis against procedure, as far as the table knows both."""
    table = COMPATIBILIDADE.current()
    saida.versoes_tabelas["compatibilidade"] = table.versao_citada
    compativel = _row(table, pedido).accepts(pedido.cid)
    saida.calculos["cid_compativel"] = compativel
    if compativel is None:
        saida.nao_avaliado.append("cid x procedimento: par fora da tabela de compatibilidade em uso")
    elif not compativel:
        texto = f"O CID {pedido.cid} não é compatível com o procedimento {pedido.procedimento} na tabela em uso."
        evidencia = {"cid": pedido.cid, "procedimento": pedido.procedimento, "competencia": table.competencia}
        saida.anotar("cid_incompativel", Gravidade.ATENCAO, texto, evidencia, table.fonte, table.versao_citada)


def quantidades_por_codigo(itens: list[ItemOpme]) -> dict[str, Decimal]:
    """Units asked for per material. Rows that are alternatives of one material (`opcao_fabricante`) do not add up."""
    totals: dict[tuple[str, int], Decimal] = {}
    for item in itens:
        if item.codigo and item.quantidade is not None:
            key = (item.codigo, item.opcao_fabricante or 1)
            totals[key] = totals.get(key, Decimal(0)) + item.quantidade
    return {code: max(v for (c, _), v in totals.items() if c == code) for code, _ in totals}


def avaliar_quantidades(pedido: Solicitacao, saida: Avaliacao) -> None:
    """Quantity against the procedure's limit where the table has one, and against what is usual everywhere else."""
    table = COMPATIBILIDADE.current()
    limits = _row(table, pedido).quantidade_maxima
    totals = quantidades_por_codigo(pedido.itens or [])
    for codigo, quantidade in totals.items():
        if codigo in limits:
            _write_excess(codigo, quantidade, limits[codigo], table, saida)
        elif quantidade > LIMITES.current().quantidade_incomum_por_item:
            _write_unusual(codigo, quantidade, saida)
    known = bool(totals) and not totals.keys() - limits.keys()
    saida.calculos["quantidades_na_tabela"] = known
    if not known:
        saida.nao_avaliado.append("quantidade x procedimento: material fora da tabela de compatibilidade em uso")


def _write_excess(
    codigo: str, quantidade: Decimal, limite: Decimal, table: TabelaCompatibilidade, saida: Avaliacao
) -> None:
    saida.calculos[f"quantidade_maxima[{codigo}]"] = limite
    if quantidade > limite:
        excesso = f"Quantidade {escrito(quantidade)} do material {codigo} acima do máximo de {escrito(limite)}"
        texto = f"{excesso} para o procedimento."
        evidencia = {"codigo": codigo, "quantidade": quantidade, "maximo": limite, "competencia": table.competencia}
        saida.anotar("quantidade_excedida", Gravidade.ATENCAO, texto, evidencia, table.fonte, table.versao_citada)


def _write_unusual(codigo: str, quantidade: Decimal, saida: Avaliacao) -> None:
    tabela = LIMITES.current()
    limite = tabela.quantidade_incomum_por_item
    texto = f"Quantidade {escrito(quantidade)} do material {codigo} acima de {escrito(limite)}, incomum: confirmar."
    evidencia = {"codigo": codigo, "quantidade": quantidade, "limite": limite}
    saida.anotar("quantidade_incomum", Gravidade.ATENCAO, texto, evidencia, tabela.fonte, tabela.versao_citada)
