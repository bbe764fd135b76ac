"""Vital signs that contradict each other: scores stand as they were reported, a person looks again."""

from __future__ import annotations

from handlers.clinico.requests import SinaisVitais
from shared.findings import Avaliacao, Gravidade

VERSAO = "coerencia-1"
_FONTE = "Correspondência entre ACVPU e Glasgow (regra local ◇): alerta com Glasgow até 13, ou resposta reduzida com 15"
GLASGOW_OF_NO_ALERT_PATIENT = 13
_GLASGOW_NORMAL = 15


def avaliar_coerencia(sinais: SinaisVitais, saida: Avaliacao) -> None:
    """Say where the two scales of consciousness cannot both be right."""
    if sinais.consciencia is None or sinais.glasgow is None:
        return
    alert_but_low = sinais.consciencia == "A" and sinais.glasgow <= GLASGOW_OF_NO_ALERT_PATIENT
    reduced_but_normal = sinais.consciencia in ("V", "P", "U") and sinais.glasgow == _GLASGOW_NORMAL
    if alert_but_low or reduced_but_normal:
        evidencia = {"consciencia": sinais.consciencia, "glasgow": sinais.glasgow}
        texto = f"Consciência {sinais.consciencia} e Glasgow {sinais.glasgow} se contradizem: avaliar de novo."
        saida.anotar("consciencia_contraditoria", Gravidade.ATENCAO, texto, evidencia, _FONTE, VERSAO)
