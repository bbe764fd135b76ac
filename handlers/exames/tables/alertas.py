"""The findings of exams that may raise an alert. Which numbers are critical stands in the hemogram's own table."""

from __future__ import annotations

from typing import ClassVar

from handlers.exames.tables.parameters import Parametro
from shared.clinical.alert_policy import PoliticaDeAlertas


class PoliticaExames(PoliticaDeAlertas):
    """The alert policy of `exames`."""

    ALERTABLE: ClassVar[frozenset[str]] = frozenset(
        {
            "critico_hemoglobina",
            "critico_leucocitos",
            "critico_neutrofilos",
            "critico_plaquetas",
            "critico_blastos",
            "amostra_inconsistente",
            "resultado_nao_interpretado",
            "gadolinio_g1_contraindicado",
            "gadolinio_g1_sem_funcao_renal",
            "implante_inseguro_rm",
            "implante_desconhecido_rm",
            "alergia_contraste",
            "gestante_radiacao_revisao_humana",
            "solicitacao_urgente",
        }
        | {f"{direction}_{parameter.value}" for direction in ("queda", "alta", "variacao") for parameter in Parametro}
    )
