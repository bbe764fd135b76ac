"""What acceptance reads off a validated request: whom it is about, what it waits for or overtakes, who is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from shared.domain import Event
from shared.privacy.blind_index import NOBODY, BlindIndex, Subject


@dataclass(frozen=True, slots=True)
class TaskTraits:
    """`after` names events of the same domain that must have ended first for the same patient, or in `sequence`.

    `occurred_at` is when it happened to the patient; None where the request does not say. `answer_to` is the registered
    endpoint that is sent the result itself.
    """

    subject: Subject = NOBODY
    urgent: bool = False
    after: tuple[str, ...] = ()
    occurred_at: datetime | None = None
    sequence: str | None = None
    answer_to: str | None = None


NO_TRAITS = TaskTraits()


def traits_of(event: Event, request: BaseModel, blind: BlindIndex) -> TaskTraits:
    """The traits of a request that `event.request` has validated. A request without `paciente` is about nobody."""
    patient = getattr(request, "paciente", None)
    subject = NOBODY if patient is None else blind.subject(patient.cpf, patient.cns, patient.prontuario)
    sequence = event.sequence(request)
    after = event.after if subject != NOBODY or sequence is not None else ()
    return TaskTraits(subject, event.urgent(request), after, event.occurred(request), sequence, event.answers(request))
