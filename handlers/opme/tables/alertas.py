"""The OPME findings that may raise an alert."""

from __future__ import annotations

from typing import ClassVar

from shared.clinical.alert_policy import PoliticaDeAlertas


class PoliticaOpme(PoliticaDeAlertas):
    """The alert policy of `opme`."""

    ALERTABLE: ClassVar[frozenset[str]] = frozenset(
        {
            "prazo_imediato",
            "registro_anvisa_ausente",
            "registro_anvisa_vencido",
            "registro_anvisa_cancelado",
            "material_vencido_na_data",
            "quantidade_excedida",
            "cid_incompativel",
        }
    )
