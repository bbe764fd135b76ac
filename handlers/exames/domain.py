"""The `exames` domain: laboratory orders, hemograms, imaging. Readable by the API: imports no crewai."""

from __future__ import annotations

from handlers.exames import examples
from handlers.exames.requests.exame import PedidoExame
from handlers.exames.requests.hemograma import PedidoHemograma
from handlers.exames.requests.imagem import PedidoImagem
from shared.domain import Domain, Event

DOMAIN = Domain(
    key="exames",
    vhost="fluxo_exams",
    title="Exames",
    events=(
        Event(
            "exame", "", PedidoExame, "Solicitação de exame", examples.EXAME, urgent=lambda request: request.urgencia
        ),
        Event(
            "hemograma",
            "hemograma/",
            PedidoHemograma,
            "Hemograma para interpretação",
            examples.HEMOGRAMA,
            occurred=lambda request: request.coleta_em,
        ),
        Event(
            "imagem",
            "imagem/{tipo_exame}",
            PedidoImagem,
            "Solicitação de exame de imagem",
            examples.IMAGEM,
            {"tipo_exame": "tc"},
            occurred=lambda request: request.solicitado_em,
        ),
    ),
)
