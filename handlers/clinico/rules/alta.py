"""Deterministic findings of a discharge: readmission risk, drugs taken home, what is left open."""

from __future__ import annotations

import re

from handlers.clinico.requests import Alta
from handlers.clinico.rules.charlson import avaliar_charlson
from handlers.clinico.rules.farmacia import avaliar_alergias, avaliar_duplicidades
from handlers.clinico.rules.interacoes import avaliar_interacoes
from handlers.clinico.rules.lace import EntradaLace, avaliar_lace
from handlers.clinico.rules.nomes import comparavel
from shared.clinical.ages import age_in_years
from shared.clinical.code_existence import avaliar_existencia
from shared.clinical.terminology import CID10
from shared.findings import Avaliacao, Gravidade

VERSAO = "alta-3"
_FONTE = "Completude do sumário de alta (regra local; Resolução CFM 1.638/2002 ◇)"
# Death of the patient: TISS/SIH codes 41–43 and, in obstetrics, 65–67 (Portaria SAS 719/2007 ◇).
_CODES_OF_DEATH = {"41", "42", "43", "65", "66", "67"}
_WORDS_OF_NONE = {"nenhuma", "nenhuma pendencia", "nada", "sem pendencias", "nao ha", "nao ha pendencias"}
# The way out itself, not a risk or a cause that somebody else's death was: "sem óbito", "risco de óbito" are not one.
# A code may stand before its words (`41 - óbito com declaração`).
_WORDS_OF_DEATH = re.compile(
    r"(?:(?:4[123]|6[567]) )?(?:paciente )?(?:(?:constatado|declarado) )?"
    r"(?:(?:alta|saida|encerramento|evoluiu|evolucao|foi|veio) (?:a|ao|para|por|com) )?(?:obito|morte|falec)"
)


def avaliar(pedido: Alta) -> Avaliacao:
    """LACE, Charlson, allergies, duplicates and pending matters at the time of discharge."""
    saida = Avaliacao()
    idade = age_in_years(pedido.paciente.data_nascimento, pedido.data_hora_alta.date())
    saida.calculos["idade_anos"] = idade
    cids = None if pedido.cids_secundarios is None else [pedido.cid_principal, *pedido.cids_secundarios]
    morte = houve_obito(pedido.motivo_saida)
    avaliar_charlson(cids, "cids_secundarios", idade, saida)
    entrada = EntradaLace(
        internacao=pedido.data_hora_internacao,
        alta=pedido.data_hora_alta,
        carater=pedido.carater,
        cids=cids,
        visitas_ps_6m=pedido.visitas_ps_6m,
        idade=idade,
        obito=morte,
    )
    avaliar_lace(entrada, saida)
    avaliar_alergias(pedido.prescricao_alta, pedido.alergias, "prescricao_alta", saida)
    avaliar_duplicidades(pedido.prescricao_alta, "prescricao_alta", saida)
    avaliar_interacoes(pedido.prescricao_alta, "prescricao_alta", saida)
    _write_completeness(pedido, morte, saida)
    avaliar_existencia({f"cid:{cid}": cid for cid in cids or [pedido.cid_principal]}, CID10, saida)
    return saida


def houve_obito(motivo_saida: str) -> bool:
    """Whether the reason of discharge, in words or as a TISS/SIH code, is the patient's death."""
    motivo = comparavel(motivo_saida)
    return motivo in _CODES_OF_DEATH or _WORDS_OF_DEATH.match(motivo) is not None


def _write_completeness(pedido: Alta, morte: bool, saida: Avaliacao) -> None:
    if pedido.pendencias is None:
        saida.dados_faltantes.append("pendencias")
    elif not morte and (quantas := sum(comparavel(item) not in _WORDS_OF_NONE for item in pedido.pendencias)):
        texto = f"Alta com {quantas} pendência(s) em aberto: definir responsável e prazo."
        saida.anotar("alta_com_pendencias", Gravidade.ATENCAO, texto, {"quantidade": quantas}, _FONTE, VERSAO)
    if pedido.orientacoes is None and not morte:
        saida.dados_faltantes.append("orientacoes")
    if morte and pedido.prescricao_alta:
        texto = "Saída por óbito com prescrição de alta: conferir motivo_saida."
        evidencia = {"medicamentos": len(pedido.prescricao_alta)}
        saida.anotar("obito_com_prescricao", Gravidade.ATENCAO, texto, evidencia, _FONTE, VERSAO)
