"""The `conversas` domain: questions to models, answered at a callback. Its door is `api/routers/webhook.py`."""

from __future__ import annotations

from handlers.conversas import examples
from handlers.conversas.requests import Pergunta, conversa_de, receptor_de
from shared.domain import Domain, Event

DOMAIN = Domain(
    key="conversas",
    vhost="conversas",
    title="Conversas",
    events=(
        Event(
            name="resposta",
            path=None,
            request=Pergunta,
            summary="Pergunta a um modelo; a resposta assinada vai ao receptor registrado",
            example=examples.RESPOSTA,
            after=("resposta",),
            sequence=conversa_de,
            answers=receptor_de,
        ),
    ),
)
