"""qSOFA (Sepsis-3 ◇), for adults: three bedside signs, two or more are positive.

It raises suspicion where an infection is suspected; it is no screening test by itself, so it never is critical here.
"""

from __future__ import annotations

from handlers.clinico.requests import SinaisVitais
from handlers.clinico.tables import QSOFA
from shared.findings import Avaliacao, Gravidade

_TABLE = QSOFA.current()


def criterios(sinais: SinaisVitais) -> dict[str, bool | None]:
    """Each criterion: met, not met, or None when its field is missing."""
    return {
        "fr_irpm": None if sinais.fr_irpm is None else sinais.fr_irpm >= _TABLE.fr_irpm_ge,
        "pas_mmhg": None if sinais.pas_mmhg is None else sinais.pas_mmhg <= _TABLE.pas_mmhg_le,
        "consciencia": _altered(sinais),
    }


def _altered(sinais: SinaisVitais) -> bool | None:
    """Either scale may show it; when both are given, the worse one counts."""
    if sinais.glasgow is None and sinais.consciencia is None:
        return None
    low = sinais.glasgow is not None and sinais.glasgow < _TABLE.glasgow_lt
    return low or sinais.consciencia in ("C", "V", "P", "U")


def avaliar_qsofa(sinais: SinaisVitais, idade: int, saida: Avaliacao) -> None:
    """Write the score into `saida`. `idade` is in completed years."""
    saida.versoes_tabelas["qsofa"] = _TABLE.versao
    if idade < _TABLE.idade_minima_anos:
        saida.calculos |= {"qsofa": "nao_calculavel", "qsofa_motivo": "menor_de_idade"}
        saida.nao_avaliado.append("qsofa: não se aplica a menores de 18 anos")
        return
    found = criterios(sinais)
    faltam = [_field(nome) for nome, valor in found.items() if valor is None]
    soma = sum(valor is True for valor in found.values())
    saida.calculos["qsofa"] = "nao_calculavel" if faltam else soma
    if soma >= _TABLE.positivo_ge or not faltam:
        # Two known positives decide the answer whatever the missing third would say.
        saida.calculos["qsofa_positivo"] = soma >= _TABLE.positivo_ge
    saida.dados_faltantes += [campo for campo in faltam if campo not in saida.dados_faltantes]
    _write_findings(saida, found, soma, faltam)


def _field(criterion: str) -> str:
    return f"sinais_vitais.{'glasgow' if criterion == 'consciencia' else criterion}"


def _write_findings(saida: Avaliacao, found: dict[str, bool | None], soma: int, faltam: list[str]) -> None:
    evidencia = {"criterios": found, "faltam": faltam}
    if faltam:
        verbo = "falta" if len(faltam) == 1 else "faltam"
        texto = f"qSOFA não calculável: {verbo} {len(faltam)} de 3 critérios; positivos entre os conhecidos: {soma}."
        saida.anotar("qsofa_nao_calculavel", Gravidade.INFO, texto, evidencia, _TABLE.fonte, _TABLE.versao)
    if soma >= _TABLE.positivo_ge:
        minimo = "pelo menos " if faltam else ""
        texto = f"qSOFA positivo, com {minimo}{soma} de 3 critérios: se há suspeita de infecção, investigar sepse."
        saida.anotar("qsofa_positivo", Gravidade.ATENCAO, texto, evidencia, _TABLE.fonte, _TABLE.versao)
    elif not faltam:
        texto = f"qSOFA de {soma} em 3 critérios, abaixo de {_TABLE.positivo_ge}; não afasta sepse."
        saida.anotar("qsofa_negativo", Gravidade.INFO, texto, evidencia, _TABLE.fonte, _TABLE.versao)
