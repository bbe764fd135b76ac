"""ANVISA registration numbers: format only.

There is no public check digit, and only a dated snapshot of the open base can say that a registration is in force. So a
well-formed number is `nao_verificado`; no code path here may ever answer `valido`.
"""

from __future__ import annotations

from typing import Literal

from handlers.opme.requests import Solicitacao
from shared.clinical.identifiers import anvisa_registration_format_agrees
from shared.findings import Avaliacao, Gravidade

VERSAO = "anvisa-formato-1"
_FONTE = "Formato de 11 algarismos (7 da AFE e 4 de sequência ◇); situação depende da base aberta da Anvisa"

Situacao = Literal["ausente", "formato_divergente", "nao_verificado"]


def situacao_do_registro(registro: str | None) -> Situacao:
    """What the number alone can tell."""
    if registro is None:
        return "ausente"
    return "nao_verificado" if anvisa_registration_format_agrees(registro) else "formato_divergente"


def avaliar_registros(pedido: Solicitacao, saida: Avaliacao) -> None:
    """Write the status of each item's registration into `saida`."""
    saida.versoes_tabelas["anvisa"] = VERSAO
    saida.nao_avaliado.append("registro_anvisa: vigência na data do procedimento nao_verificada, sem base da Anvisa")
    situacoes = [situacao_do_registro(item.registro_anvisa) for item in pedido.itens or ()]
    saida.calculos |= {f"itens[{i}].registro_anvisa": situacao for i, situacao in enumerate(situacoes)}
    _note(saida, situacoes, "ausente", "sem número de registro na Anvisa; sem registro o material não pode ser usado")
    _note(saida, situacoes, "formato_divergente", "com registro na Anvisa fora do formato de 11 algarismos")


def _note(saida: Avaliacao, situacoes: list[Situacao], situacao: Situacao, words: str) -> None:
    campos = [f"itens[{i}].registro_anvisa" for i, found in enumerate(situacoes) if found == situacao]
    if campos:
        texto = f"{len(campos)} item(ns) {words}."
        evidencia = {"campos": campos}
        saida.anotar(f"registro_anvisa_{situacao}", Gravidade.ATENCAO, texto, evidencia, _FONTE, VERSAO)
