"""What a domain declares about itself, readable by the API without importing crewai."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel


def _never(_request: Any) -> bool:
    return False


def _unknown(_request: Any) -> datetime | None:
    return None


def _none(_request: Any) -> str | None:
    return None


def _no_uploads(_request: Any) -> dict[str, str]:
    return {}


_PATH_FIELD = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Event:
    """One kind of work a domain accepts.

    `path` is relative to the domain's prefix and may hold path parameters (`imagem/{tipo_exame}`);
    each of them is a field of `request` and is merged into the body before validation. None: a door of its own
    accepts the event, and `request` is the form in which it keeps it (`resposta`, accepted by `POST /webhook`).
    `example` must validate against `request` together with `path_example`.
    `urgent` says of a validated request whether it overtakes what waits in its domain.
    `after` names events of the same domain: a task waits until those accepted before it for the same patient, or in
    the same sequence, have ended (a discharge is not worked on before its admission).
    `sequence` reads off a validated request what its work belongs to besides a patient (a conversation).
    `answers` reads off it the registered endpoint that is sent the result itself; None: whoever wants it asks.
    `occurred` reads off a validated request when the event happened to the patient; None: when it was accepted.
    `uploads` reads off it the ids of the uploads it names, by the field that names each: one must exist to be accepted.
    """

    name: str
    path: str | None
    request: type[BaseModel]
    summary: str
    example: dict[str, Any]
    path_example: dict[str, str] = field(default_factory=dict)
    urgent: Callable[[Any], bool] = _never
    after: tuple[str, ...] = ()
    occurred: Callable[[Any], datetime | None] = _unknown
    sequence: Callable[[Any], str | None] = _none
    answers: Callable[[Any], str | None] = _none
    uploads: Callable[[Any], dict[str, str]] = _no_uploads

    @property
    def path_fields(self) -> list[str]:
        """Names of the fields that come from the path."""
        return _PATH_FIELD.findall(self.path or "")


@dataclass(frozen=True)
class Domain:
    """A folder under `handlers/`: its key, its RabbitMQ vhost, its events.

    `key` is the same word in the URL, the folder, the settings and the logs.
    """

    key: str
    vhost: str
    title: str
    events: tuple[Event, ...]

    def event(self, name: str) -> Event | None:
        return next((event for event in self.events if event.name == name), None)
