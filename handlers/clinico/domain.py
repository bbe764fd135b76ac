"""The `clinico` domain: encounter, admission, discharge."""

from __future__ import annotations

from handlers.clinico import examples
from handlers.clinico.requests import Alta, Consulta, Internacao
from shared.domain import Domain, Event

DOMAIN = Domain(
    key="clinico",
    vhost="fluxo_clinico",
    title="Fluxo clínico",
    events=(
        Event(
            name="consulta",
            path="consulta/",
            request=Consulta,
            summary="Consulta: sinais vitais, alergias, medicamentos e diagnósticos de um atendimento",
            example=examples.CONSULTA,
            occurred=lambda request: request.data_hora,
        ),
        Event(
            name="internacao",
            path="internacao/",
            request=Internacao,
            summary="Internação: o atendimento e o motivo, o caráter e o local da admissão",
            example=examples.INTERNACAO,
            urgent=lambda request: request.carater == "urgencia",
            occurred=lambda request: request.data_hora_internacao,
        ),
        Event(
            name="alta",
            path="alta/",
            request=Alta,
            summary="Alta: risco de readmissão, prescrição para casa e pendências",
            example=examples.ALTA,
            after=("internacao",),
            occurred=lambda request: request.data_hora_alta,
        ),
    ),
)
