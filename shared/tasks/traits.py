"""What acceptance reads off a validated request: whom it is about and when, whether it overtakes, what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from shared.domain import Event
from shared.privacy.blind_index import NOBODY, BlindIndex, Subject


@dataclass(frozen=True, slots=True)
class TaskTraits:
    """`after` names events of the same domain that must have ended first for the same patient.

    `occurred_at` is when it happened to the patient; None where the request does not say.
    """

    subject: Subject = NOBODY
    urgent: bool = False
    after: tuple[str, ...] = ()
    occurred_at: datetime | None = None


NO_TRAITS = TaskTraits()


def traits_of(event: Event, request: BaseModel, blind: BlindIndex) -> TaskTraits:
    """The traits of a request that `event.request` has validated. A request without `paciente` is about nobody."""
    patient = getattr(request, "paciente", None)
    subject = NOBODY if patient is None else blind.subject(patient.cpf, patient.cns, patient.prontuario)
    return TaskTraits(subject, event.urgent(request), event.after if subject != NOBODY else (), event.occurred(request))
