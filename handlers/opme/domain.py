"""The `opme` domain: orthoses, prostheses and special materials."""

from __future__ import annotations

from handlers.opme import examples
from handlers.opme.requests import Material, Protese, Solicitacao
from shared.domain import Domain, Event


def _urgent(request: Solicitacao) -> bool:
    return request.carater == "urgencia"


DOMAIN = Domain(
    key="opme",
    vhost="fluxo_opme",
    title="Órteses, próteses e materiais especiais",
    events=(
        Event(
            name="solicitacao",
            path="",
            request=Solicitacao,
            summary="Solicitação de OPME: completude, prazos, registros, quantidades e cotações",
            example=examples.SOLICITACAO,
            urgent=_urgent,
        ),
        Event(
            name="protese",
            path="protese/",
            request=Protese,
            summary="Solicitação de prótese: também lado, dimensão e material",
            example=examples.PROTESE,
            urgent=_urgent,
        ),
        Event(
            name="material",
            path="material/",
            request=Material,
            summary="Solicitação de material especial: também consumo previsto e uso único",
            example=examples.MATERIAL,
            urgent=_urgent,
        ),
    ),
)
