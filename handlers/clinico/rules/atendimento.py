"""What an encounter and an admission have in common: vital signs, comorbidities, drugs."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.clinico.requests import Consulta, SinaisVitais
from handlers.clinico.rules.charlson import avaliar_charlson
from handlers.clinico.rules.coerencia import avaliar_coerencia, avaliar_gestacao
from handlers.clinico.rules.farmacia import avaliar_alergias, avaliar_duplicidades
from handlers.clinico.rules.interacoes import avaliar_interacoes
from handlers.clinico.rules.news2 import avaliar_news2
from handlers.clinico.rules.qsofa import avaliar_qsofa
from handlers.clinico.rules.sinais_separados import separar
from shared.clinical.ages import age_in_years
from shared.clinical.code_existence import avaliar_existencia
from shared.clinical.terminology import CID10
from shared.findings import Avaliacao


def avaliar_atendimento(pedido: Consulta, cids: Sequence[str] | None, campo_cids: str) -> Avaliacao:
    """Findings of `pedido`; ages are at `data_hora`. `cids` is None when `campo_cids` was not informed."""
    saida = Avaliacao()
    idade = age_in_years(pedido.paciente.data_nascimento, pedido.data_hora.date())
    saida.calculos["idade_anos"] = idade
    sinais = separar(pedido.sinais_vitais or SinaisVitais(), saida)
    avaliar_news2(sinais, pedido.paciente, idade, saida)
    avaliar_qsofa(sinais, idade, saida)
    avaliar_alergias(pedido.medicamentos, pedido.alergias, "medicamentos", saida)
    avaliar_duplicidades(pedido.medicamentos, "medicamentos", saida)
    avaliar_interacoes(pedido.medicamentos, "medicamentos", saida)
    avaliar_charlson(cids, campo_cids, idade, saida)
    avaliar_coerencia(sinais, saida)
    avaliar_gestacao(pedido.paciente, idade, saida)
    avaliar_existencia({f"cid:{cid}": cid for cid in cids or ()}, CID10, saida)
    return saida
