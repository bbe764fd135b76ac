"""The gate before any model call: exactly which items the request still lacks, in the order a form is filled in."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from handlers.opme.requests import Solicitacao
from handlers.opme.rules.prazos import prazo_de_resposta
from shared.clinical.notation import dia_escrito
from shared.findings import Avaliacao, Gravidade

VERSAO = "opme-completude-2"
_FONTE = "Anexo de Solicitação de OPME do padrão TISS (◇); Resolução CFM 2.318/2022"
_OF_REQUEST = ("numero_guia", "registro_ans", "profissional")
# A material without ANVISA registration may not be used (CFM 2.318/2022), so its number is no optional detail.
_OF_ITEM = (
    "tabela",
    "codigo",
    "descricao",
    "opcao_fabricante",
    "quantidade",
    "valor_solicitado",
    "registro_anvisa",
    "codigo_ref_fabricante",
    "autorizacao_funcionamento",
)
_OF_QUOTATION = ("cnpj", "marca", "fabricante", "valor", "validade")


def itens_faltantes(pedido: Solicitacao, campos_do_evento: tuple[str, ...] = ()) -> list[str]:
    """Paths of what is missing (`itens[1].registro_anvisa`). An urgent request needs no quotations (◇)."""
    missing = list(_absent(pedido, (*_OF_REQUEST, *campos_do_evento)))
    missing += _of_list("itens", pedido.itens, _OF_ITEM)
    if pedido.carater != "urgencia" or pedido.cotacoes:
        missing += _of_list("cotacoes", pedido.cotacoes, _OF_QUOTATION)
    return missing


def _absent(model: BaseModel, fields: tuple[str, ...]) -> Iterator[str]:
    return (field for field in fields if getattr(model, field) is None)


def _of_list(name: str, rows: list | None, fields: tuple[str, ...]) -> list[str]:
    if not rows:
        return [name]
    return [f"{name}[{i}].{field}" for i, row in enumerate(rows) for field in _absent(row, fields)]


def avaliar_completude(pedido: Solicitacao, campos_do_evento: tuple[str, ...], saida: Avaliacao) -> None:
    """Write the gate's answer into `saida`; `calculos["item_faltante"]` is the first missing path or None."""
    faltam = itens_faltantes(pedido, campos_do_evento)
    saida.versoes_tabelas["completude"] = VERSAO
    saida.dados_faltantes += faltam
    saida.calculos |= {"completo": not faltam, "item_faltante": faltam[0] if faltam else None}
    if not faltam:
        texto = "Solicitação completa para auditoria."
        saida.anotar("solicitacao_completa", Gravidade.INFO, texto, {"faltam": []}, _FONTE, VERSAO)
        return
    prazo = prazo_de_resposta(pedido)
    ate = (
        "prazo da operadora não calculável sem data_solicitacao"
        if prazo is None
        else f"prazo da operadora até {dia_escrito(prazo)}"
    )
    texto = f"Solicitação incompleta: falta {faltam[0]}; ao todo {len(faltam)} item(ns) a completar; {ate}."
    evidencia = {"faltam": faltam, "prazo_resposta_ate": None if prazo is None else prazo.isoformat()}
    saida.anotar("solicitacao_incompleta", Gravidade.ATENCAO, texto, evidencia, _FONTE, VERSAO)
