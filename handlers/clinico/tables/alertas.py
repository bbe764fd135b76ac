"""The clinical findings that may raise an alert."""

from __future__ import annotations

from typing import ClassVar

from shared.clinical.alert_policy import PoliticaDeAlertas


class PoliticaClinica(PoliticaDeAlertas):
    """The alert policy of `clinico`."""

    ALERTABLE: ClassVar[frozenset[str]] = frozenset(
        {
            "news2_alto",
            "news2_alto_parcial",
            "news2_medio",
            "news2_medio_parcial",
            "news2_parametro_extremo",
            "saturacao_baixa_sem_escala",
            "sinais_criticos_gestante",
            "sinais_extremos_gestante",
            "consciencia_critica_crianca",
            "sinais_extremos_crianca",
            "qsofa_positivo",
            "alergia_medicamento",
            "alergia_possivel",
            "alergia_cruzada",
            "interacao_contraindicada",
            "interacao_grave",
            "prescricao_duplicada",
            "duplicidade_possivel",
        }
    )
