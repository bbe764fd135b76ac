"""Statements that contradict each other: nothing is silenced by them, and a person looks again."""

from __future__ import annotations

from handlers.clinico.requests import SinaisVitais
from handlers.clinico.tables import RESPOSTA
from shared.clinical.people import Paciente, pregnancy_contradicted
from shared.findings import Avaliacao, Gravidade

VERSAO = "coerencia-2"
_FONTE = "Correspondência entre ACVPU e Glasgow (regra local ◇): alerta com Glasgow até 13, ou resposta reduzida com 15"
GLASGOW_OF_NO_ALERT_PATIENT = 13
_GLASGOW_NORMAL = 15
_RULE_OF_PREGNANCY = "Regra deste projeto: gestação informada com sexo masculino ou fora da idade fértil é conferida ◇"


def gestacao_contraditoria(paciente: Paciente, idade: int) -> bool:
    """Whether the stated pregnancy fits neither sex nor age; the scores then do not rest on it."""
    ages = RESPOSTA.current().gestacao
    return pregnancy_contradicted(paciente, idade, ages.idade_min, ages.idade_max)


def avaliar_gestacao(paciente: Paciente, idade: int, saida: Avaliacao) -> None:
    """Say where the stated pregnancy cannot be taken as it stands."""
    if gestacao_contraditoria(paciente, idade):
        texto = f"Gestação informada em paciente de sexo {paciente.sexo} e {idade} anos: conferir o cadastro."
        evidencia = {"gestante": paciente.gestante, "sexo": paciente.sexo, "idade_anos": idade}
        saida.anotar("gestacao_contraditoria", Gravidade.ATENCAO, texto, evidencia, _RULE_OF_PREGNANCY, VERSAO)


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
