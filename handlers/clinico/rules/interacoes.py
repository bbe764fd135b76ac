"""Combinations of drugs from the hospital's approved table. What the table does not list is not called safe."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.clinico.requests import Medicamento
from handlers.clinico.rules.nomes import comparavel, contem, nomes_de
from handlers.clinico.tables import INTERACOES
from handlers.clinico.tables.farmacia import Combinacao
from shared.findings import Avaliacao, Gravidade

NAO_AVALIADA = "interacao: nao_avaliada"
_SEVERITY = {
    "contraindicada": Gravidade.CRITICO,
    "grave": Gravidade.ATENCAO,
    "moderada": Gravidade.INFO,
}


def avaliar_interacoes(medicamentos: Sequence[Medicamento] | None, campo: str, saida: Avaliacao) -> None:
    """Report every listed combination whose substances are all in the prescription. `campo` is its field name."""
    tabela = INTERACOES.current()
    if tabela is None or medicamentos is None:
        saida.calculos["interacao"] = "nao_avaliada"
        saida.nao_avaliado.append(NAO_AVALIADA)
        return
    saida.versoes_tabelas["interacoes"] = tabela.versao_citada
    saida.calculos["interacao"] = "avaliada_pela_tabela_do_hospital"
    saida.nao_avaliado.append("interacao: somente as combinações da tabela do hospital; fora dela nada se afirma")
    for combinacao in tabela.combinacoes:
        rows = [_rows_with(substancia, medicamentos) for substancia in combinacao.substancias]
        # One row must not stand for two substances: a combination needs as many drugs as it names.
        if all(rows) and len(set().union(*rows)) >= len(rows):
            _write(combinacao, sorted(set().union(*rows)), medicamentos, campo, tabela.versao_citada, saida)


def _rows_with(substancia: str, medicamentos: Sequence[Medicamento]) -> set[int]:
    """Places of the prescription that hold `substancia` by trade name or DCB, alone or with its salt."""
    name = comparavel(substancia)
    return {
        place
        for place, drug in enumerate(medicamentos)
        if any(own == name or contem(own, name) for own in nomes_de(drug))
    }


def _write(
    found: Combinacao, places: list[int], medicamentos: Sequence[Medicamento], campo: str, versao: str, saida: Avaliacao
) -> None:
    names = " + ".join(medicamentos[place].nome for place in places)
    texto = f"Combinação {found.grau} na tabela do hospital: {names}; {found.conduta}."
    evidencia = {
        "campos": [f"{campo}[{place}]" for place in places],
        "substancias": list(found.substancias),
        "grau": found.grau,
    }
    saida.anotar(f"interacao_{found.grau}", _SEVERITY[found.grau], texto, evidencia, found.fonte, versao)
