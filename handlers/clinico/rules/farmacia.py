"""Prescription against recorded allergies, and duplicates within the prescription.

A match is the same word by trade name or DCB, without regard to accents, case, punctuation, strength and form, or one
part of an association. A name that merely contains the other as whole words (`dipirona` and `dipirona sódica`) is
reported as possible. Cross-reactivity is never asserted absent: without the hospital's table of allergy groups it is
not evaluated. A trade name without its DCB says nothing about its substance: that is said, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from handlers.clinico.requests import Medicamento
from handlers.clinico.rules.nomes import comparavel, contem, nomes, nomes_de
from handlers.clinico.tables import GRUPOS
from handlers.clinico.tables.farmacia import GrupoDeAlergia
from shared.findings import Avaliacao, Gravidade

VERSAO = "farmacia-6"
_FONTE = "Confronto exato por nome ou DCB entre prescrição e alergias registradas (regra local; RDC Anvisa 36/2013 ◇)"


def coincidencia(medicamento: Medicamento, alergia: str) -> str | None:
    """`exata`, `possivel` or None."""
    return _match(nomes_de(medicamento), nomes(alergia))


def _match(names: set[str], others: set[str]) -> str | None:
    if names & others:
        return "exata"
    near = any(contem(name, other) or contem(other, name) for name in names for other in others)
    return "possivel" if near else None


def avaliar_alergias(
    medicamentos: Sequence[Medicamento] | None, alergias: Sequence[str] | None, campo: str, saida: Avaliacao
) -> None:
    """Compare every drug with every allergy. `campo` is the prescription's field name; None means not informed."""
    saida.versoes_tabelas["farmacia"] = VERSAO
    if GRUPOS.current() is None:
        saida.nao_avaliado.append("alergia cruzada e grupo farmacológico: nao_avaliada")
    faltam = [nome for nome, valor in ((campo, medicamentos), ("alergias", alergias)) if valor is None]
    saida.calculos["alergias_confrontadas"] = not faltam
    if medicamentos is None or alergias is None:
        saida.dados_faltantes += faltam
        return
    if any(medicamento.dcb is None for medicamento in medicamentos):
        saida.nao_avaliado.append("alergias e duplicidades: medicamento sem dcb confrontado somente pelo nome escrito")
    for posicao, medicamento in enumerate(medicamentos):
        for alergia in alergias:
            _write_match(posicao, medicamento, alergia, campo, saida)
            _write_cross_reaction(posicao, medicamento, alergia, campo, saida)


def _write_match(posicao: int, medicamento: Medicamento, alergia: str, campo: str, saida: Avaliacao) -> None:
    match = coincidencia(medicamento, alergia)
    if match is None:
        return
    evidencia = {"campo": f"{campo}[{posicao}]", "medicamento": medicamento.nome, "alergia": alergia}
    if match == "exata":
        texto = f"Prescrição de {medicamento.nome} para paciente com alergia registrada a {alergia}."
        saida.anotar("alergia_medicamento", Gravidade.CRITICO, texto, evidencia, _FONTE, VERSAO)
    else:
        texto = f"Prescrição de {medicamento.nome} e alergia registrada a {alergia}: nomes próximos, confirmar."
        saida.anotar("alergia_possivel", Gravidade.ATENCAO, texto, evidencia, _FONTE, VERSAO)


def _write_cross_reaction(posicao: int, medicamento: Medicamento, alergia: str, campo: str, saida: Avaliacao) -> None:
    """Another substance of an allergy group that the hospital has approved; the same name is reported above."""
    tabela = GRUPOS.current()
    if tabela is None or coincidencia(medicamento, alergia) is not None:
        return
    saida.versoes_tabelas["grupos_alergia"] = tabela.versao_citada
    for grupo in tabela.grupos:
        if _belongs({comparavel(alergia)}, grupo) and _belongs(nomes_de(medicamento), grupo):
            texto = f"{medicamento.nome} e a alergia registrada a {alergia} são do grupo {grupo.nome}: confirmar."
            evidencia = {"campo": f"{campo}[{posicao}]", "medicamento": medicamento.nome, "alergia": alergia}
            evidencia |= {"grupo": grupo.nome}
            saida.anotar("alergia_cruzada", Gravidade.ATENCAO, texto, evidencia, tabela.fonte, tabela.versao_citada)


def _belongs(names: set[str], group: GrupoDeAlergia) -> bool:
    members = {comparavel(name) for name in (group.nome, *group.substancias)}
    return any(name == member or contem(name, member) for name in names for member in members)


def avaliar_duplicidades(medicamentos: Sequence[Medicamento] | None, campo: str, saida: Avaliacao) -> None:
    """Report each pair of rows of the same drug, or perhaps so. Nothing to do without a prescription."""
    rows = [(medicamento.nome, nomes_de(medicamento)) for medicamento in medicamentos or ()]
    for (i, (first, names)), (j, (second, others)) in combinations(enumerate(rows), 2):
        match = _match(names, others)
        if match is None:
            continue
        evidencia = {"campos": [f"{campo}[{i}]", f"{campo}[{j}]"], "medicamentos": [first, second]}
        if match == "exata":
            codigo, texto = "prescricao_duplicada", f"{first} aparece em duas linhas da prescrição ({i + 1} e {j + 1})."
        else:
            codigo = "duplicidade_possivel"
            texto = f"{first} e {second} (linhas {i + 1} e {j + 1} da prescrição): nomes próximos, confirmar."
        saida.anotar(codigo, Gravidade.ATENCAO, texto, evidencia, _FONTE, VERSAO)
