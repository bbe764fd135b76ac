"""ANVISA registrations: the number's format, and its status on the day of the procedure by a dated snapshot.

There is no public check digit, and only a snapshot of the open base can say that a registration is in force. Outside it
a well-formed number is `nao_verificado`; inside it a good one is `vigente_no_retrato`, because nobody here knows what
happened after the snapshot. No code path may ever answer `valido`.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from handlers.opme.requests import ItemOpme, Solicitacao
from handlers.opme.rules.nomes import comparavel
from handlers.opme.tables import ANVISA
from handlers.opme.tables.anvisa import RegistroAnvisa, TabelaAnvisa
from shared.clinical.identifiers import anvisa_registration_format_agrees
from shared.clinical.notation import dia_escrito
from shared.findings import Avaliacao, Gravidade

VERSAO = "anvisa-formato-2"
_FONTE = "Formato de 11 algarismos (7 da AFE e 4 de sequência ◇); situação depende da base aberta da Anvisa"
_FONTE_REGISTRO = "Resolução CFM 2.318/2022: material sem registro na Anvisa não pode ser usado"

Situacao = Literal[
    "ausente", "formato_divergente", "nao_verificado", "vigente_no_retrato", "vencido", "cancelado", "suspenso"
]
_WORDS: dict[Situacao, tuple[Gravidade, str]] = {
    "ausente": (Gravidade.ATENCAO, "sem número de registro na Anvisa; sem registro o material não pode ser usado"),
    "formato_divergente": (Gravidade.ATENCAO, "com registro na Anvisa fora do formato de 11 algarismos"),
    "vencido": (Gravidade.CRITICO, "com registro na Anvisa fora da vigência na data do procedimento"),
    "cancelado": (Gravidade.CRITICO, "com registro na Anvisa cancelado"),
    "suspenso": (Gravidade.ATENCAO, "com registro na Anvisa suspenso"),
}


def situacao_do_registro(registro: str | None, dia: date | None, retrato: TabelaAnvisa | None) -> Situacao:
    """What is known of `registro` on `dia`; without a snapshot, a day or a known end, nothing is."""
    if registro is None:
        return "ausente"
    if not anvisa_registration_format_agrees(registro):
        return "formato_divergente"
    row = None if retrato is None else retrato.find(registro)
    if row is None:
        return "nao_verificado"
    if row.situacao != "ativo":
        return row.situacao
    return "nao_verificado" if dia is None else _in_force(row, dia)


def _in_force(row: RegistroAnvisa, dia: date) -> Situacao:
    """The last day of validity still counts."""
    if row.valido_desde is not None and dia < row.valido_desde:
        return "vencido"
    if row.valido_ate is None:
        return "nao_verificado"
    return "vigente_no_retrato" if row.valido_ate == "indeterminada" or dia <= row.valido_ate else "vencido"


def avaliar_registros(pedido: Solicitacao, saida: Avaliacao) -> None:
    """Write the status of each item's registration into `saida`, on the procedure's day, else on the request's."""
    retrato, itens = ANVISA.current(), pedido.itens or []
    dia = pedido.data_procedimento or pedido.data_solicitacao
    saida.versoes_tabelas["anvisa"] = VERSAO if retrato is None else retrato.versao_citada
    situacoes = [situacao_do_registro(item.registro_anvisa, dia, retrato) for item in itens]
    saida.calculos |= {f"itens[{i}].registro_anvisa": situacao for i, situacao in enumerate(situacoes)}
    if retrato is None:
        saida.nao_avaliado.append(
            "registro_anvisa: vigência na data do procedimento não verificada, sem base da Anvisa"
        )
    else:
        saida.calculos["retrato_anvisa_em"] = retrato.data.isoformat()
        if pedido.data_procedimento is None:
            saida.dados_faltantes.append("data_procedimento")
        if "nao_verificado" in situacoes:
            saida.nao_avaliado.append(
                f"registro_anvisa: número ou validade fora do retrato de {dia_escrito(retrato.data)}"
            )
        _write_same_maker(itens, retrato, saida)
    for situacao in _WORDS:
        _note(situacao, situacoes, dia, retrato, saida)
    _write_other_company(itens, saida)


def _note(
    situacao: Situacao, found: list[Situacao], dia: date | None, retrato: TabelaAnvisa | None, saida: Avaliacao
) -> None:
    campos = [f"itens[{i}].registro_anvisa" for i, one in enumerate(found) if one == situacao]
    if not campos:
        return
    gravidade, words = _WORDS[situacao]
    by_snapshot = retrato if situacao in ("vencido", "cancelado", "suspenso") else None
    evidencia: dict[str, object] = {"campos": campos, "data": None if dia is None else dia.isoformat()}
    if by_snapshot:
        words += f" (retrato de {dia_escrito(by_snapshot.data)})"
        evidencia["retrato_em"] = by_snapshot.data.isoformat()
    fonte = f"{by_snapshot.fonte}; {_FONTE_REGISTRO}" if by_snapshot else _FONTE
    versao = by_snapshot.versao_citada if by_snapshot else VERSAO
    saida.anotar(f"registro_anvisa_{situacao}", gravidade, f"{len(campos)} item(ns) {words}.", evidencia, fonte, versao)


def _write_same_maker(itens: list[ItemOpme], retrato: TabelaAnvisa, saida: Avaliacao) -> None:
    """Options 1 to 3 of one material are meant to be of different manufacturers."""
    makers: dict[str | None, dict[str, list[int]]] = {}
    for place, item in enumerate(itens):
        row = retrato.find(item.registro_anvisa or "")
        name = row and (row.fabricante or row.detentor)
        if name:
            makers.setdefault(item.codigo, {}).setdefault(comparavel(name), []).append(place)
    for same in (places for names in makers.values() for places in names.values()):
        if len({itens[place].opcao_fabricante for place in same}) > 1:
            evidencia = {"campos": [f"itens[{place}].registro_anvisa" for place in same]}
            texto = f"{len(same)} opções do mesmo material têm registros de um só fabricante no retrato da Anvisa."
            saida.anotar(
                "opcoes_do_mesmo_fabricante", Gravidade.ATENCAO, texto, evidencia, retrato.fonte, retrato.versao_citada
            )


def _write_other_company(itens: list[ItemOpme], saida: Avaliacao) -> None:
    """The first seven digits of a registration are its holder's AFE ◇: another AFE on the form is worth a look."""
    campos = [
        f"itens[{place}].autorizacao_funcionamento"
        for place, item in enumerate(itens)
        if (afe := _digits(item.autorizacao_funcionamento)) and (number := _digits(item.registro_anvisa))
        and len(afe) == 7 and len(number) == 11 and not number.startswith(afe)
    ]  # fmt: skip
    if campos:
        texto = f"{len(campos)} item(ns) com AFE diferente da que inicia o registro na Anvisa: conferir."
        saida.anotar("afe_divergente", Gravidade.INFO, texto, {"campos": campos}, _FONTE, VERSAO)


def _digits(text: str | None) -> str:
    return "".join(c for c in text or "" if c.isascii() and c.isdigit())
