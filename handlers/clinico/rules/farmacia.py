"""Prescription against recorded allergies, and duplicates within the prescription.

A match is the same word by trade name or DCB, without regard to accents, case or punctuation. A name that merely
contains the other as whole words (`dipirona` and `dipirona sódica`) is reported as possible. Cross-reactivity and
interactions are never asserted absent: without a hospital-approved table they are not evaluated.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import combinations

from handlers.clinico.requests import Medicamento
from shared.findings import Avaliacao, Gravidade

VERSAO = "farmacia-1"
INTERACAO_NAO_AVALIADA = "interacao: nao_avaliada"
_FONTE = "Confronto exato por nome ou DCB entre prescrição e alergias registradas (regra local; RDC Anvisa 36/2013 ◇)"
_SHORTEST_TELLING_NAME = 4  # letters; below this a contained word says nothing (`sal`, `iv`)


def comparavel(nome: str) -> str:
    """`nome` without accents, case, punctuation or repeated blanks."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", nome) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", plain.casefold()))


def nomes_de(medicamento: Medicamento) -> set[str]:
    """Every comparable name of a drug; empty names match nothing."""
    return {comparavel(nome) for nome in (medicamento.nome, medicamento.dcb) if nome} - {""}


def _contains(longer: str, shorter: str) -> bool:
    return len(shorter) >= _SHORTEST_TELLING_NAME and f" {shorter} " in f" {longer} "


def coincidencia(medicamento: Medicamento, alergia: str) -> str | None:
    """`exata`, `possivel` or None."""
    allergen, nomes = comparavel(alergia), nomes_de(medicamento)
    if allergen in nomes:
        return "exata"
    near = any(_contains(nome, allergen) or _contains(allergen, nome) for nome in nomes)
    return "possivel" if near else None


def avaliar_alergias(
    medicamentos: Sequence[Medicamento] | None, alergias: Sequence[str] | None, campo: str, saida: Avaliacao
) -> None:
    """Compare every drug with every allergy. `campo` is the prescription's field name; None means not informed."""
    saida.versoes_tabelas["farmacia"] = VERSAO
    saida.nao_avaliado += [INTERACAO_NAO_AVALIADA, "alergia cruzada e grupo farmacológico: nao_avaliada"]
    faltam = [nome for nome, valor in ((campo, medicamentos), ("alergias", alergias)) if valor is None]
    saida.calculos["alergias_confrontadas"] = not faltam
    if medicamentos is None or alergias is None:
        saida.dados_faltantes += faltam
        return
    for posicao, medicamento in enumerate(medicamentos):
        for alergia in alergias:
            _write_match(posicao, medicamento, alergia, campo, saida)


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


def avaliar_duplicidades(medicamentos: Sequence[Medicamento] | None, campo: str, saida: Avaliacao) -> None:
    """Report each pair of rows that share a trade name or DCB. Nothing to do without a prescription."""
    for (i, first), (j, second) in combinations(enumerate(medicamentos or ()), 2):
        if nomes_de(first) & nomes_de(second):
            evidencia = {"campos": [f"{campo}[{i}]", f"{campo}[{j}]"], "medicamentos": [first.nome, second.nome]}
            texto = f"{first.nome} aparece em duas linhas da prescrição ({i + 1} e {j + 1})."
            saida.anotar("prescricao_duplicada", Gravidade.ATENCAO, texto, evidencia, _FONTE, VERSAO)
