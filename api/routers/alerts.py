"""Alerts for those who answer them: which are open, and a named person's acknowledgement, which stops the calls."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator
from starlette.responses import Response

from api.bodies import NATIVE_TYPES, media_type, read_body
from api.dependencies import AppParts, CurrentCaller, TaskId
from api.views import PROBLEMS, AlertView, alert_view, json_response
from shared.clinical.councils import Conselho, registration
from shared.clinical.fields import Entrada, Texto, TextoCurto
from shared.clinical.identifiers import Uf
from shared.errors import InvalidField, NotFound, UnsupportedMedia
from shared.tasks import alerts
from shared.tasks.alerts import AlertRow, AlertState

router = APIRouter(tags=["Alertas"])
_BAD_CURSOR = [("cursor", "use o next_cursor da página anterior")]
_ALERT_ID = re.compile(r"[A-Za-z0-9-]{1,16}")


class Estado(StrEnum):
    """The two states of an alert, in the words of the wire."""

    ABERTO = "aberto"
    RECONHECIDO = "reconhecido"


_STATES = {Estado.ABERTO: AlertState.RAISED, Estado.RECONHECIDO: AlertState.ACKNOWLEDGED}


class Reconhecimento(Entrada):
    """Who takes the alert: a professional by council, number and state, or, without one, a person by name."""

    conselho: Conselho | None = None
    registro: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    uf: Uf | None = None
    responsavel: TextoCurto | None = Field(None, description="Name and function, where there is no council")
    nota: Texto | None = None

    @field_validator("registro")
    @classmethod
    def _well_formed(cls, text: str | None, info: ValidationInfo) -> str | None:
        return registration(info.data["conselho"], text) if text and info.data.get("conselho") else text

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        professional = (self.conselho, self.registro, self.uf)
        if self.responsavel is None and None in professional:
            raise ValueError("informe conselho, registro e uf, ou responsavel")
        if self.responsavel is not None and any(professional):
            raise ValueError("informe conselho, registro e uf, ou responsavel, não ambos")
        return self

    @property
    def quem(self) -> str:
        return self.responsavel or f"{self.conselho}-{self.uf} {self.registro}"


_EXAMPLE = {"conselho": "CRM", "registro": "123456", "uf": "SP", "nota": "Médico assistente avisado às 03:10"}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": Reconhecimento.model_json_schema(), "example": _EXAMPLE}},
    }
}


class OpenAlert(AlertView):
    task_id: str
    domain: str
    event: str
    status_url: str


class AlertPage(BaseModel):
    items: list[OpenAlert]
    next_cursor: str | None


@router.post(
    "/api/tasks/{task_id}/alerts/{alert}/ack",
    summary="Reconhecer um alerta: ninguém mais é chamado por ele; repetido pela mesma pessoa, nada muda",
    response_model=None,
    openapi_extra=_BODY,
    responses={200: {"model": AlertView}, **{code: PROBLEMS[code] for code in (400, 404, 409, 413, 415, 422, 503)}},
)
async def acknowledge(
    request: Request, task_id: TaskId, alert: Annotated[str, Path()], parts: AppParts, caller: CurrentCaller
) -> Response:
    headers: dict[bytes, bytes] = dict(request.scope["headers"])
    if media_type(headers) not in NATIVE_TYPES:
        raise UnsupportedMedia("envie o corpo como application/json")
    body = await read_body(request, headers, parts.settings.api.api_max_body_bytes)
    person = Reconhecimento.model_validate_json(body)
    if not _ALERT_ID.fullmatch(alert):
        raise NotFound("alerta desconhecido")

    def write() -> AlertRow:
        with parts.database.write() as connection:
            return alerts.acknowledge(connection, caller.tenant, task_id, alert, person.quem, person.nota)

    return json_response(alert_view(await asyncio.to_thread(write)))


@router.get(
    "/api/alerts",
    summary="Alertas, do mais antigo para o mais novo",
    response_model=None,
    responses={200: {"model": AlertPage}, 422: PROBLEMS[422], 503: PROBLEMS[503]},
)
async def list_alerts(
    parts: AppParts,
    caller: CurrentCaller,
    estado: Estado = Estado.ABERTO,
    dominio: Annotated[str | None, Query(max_length=64, pattern=r"^[a-z_]+$")] = None,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    after = _decoded(cursor) if cursor else None
    if dominio is not None and dominio not in parts.domains:
        # An empty list would tell the night shift that nothing is open.
        raise InvalidField([("dominio", f"deve ser um de: {', '.join(parts.domains)}")])

    def read() -> list[AlertRow]:
        with parts.database.read() as connection:
            return alerts.page(connection, caller.tenant, _STATES[estado], after, limit, dominio)

    rows = await asyncio.to_thread(read)
    more = _encoded(rows[-1]) if len(rows) == limit else None
    return json_response({"items": [_listed(row) for row in rows], "next_cursor": more})


def _listed(row: AlertRow) -> dict[str, Any]:
    whose = {"task_id": row.task_id, "domain": row.domain, "event": row.event}
    return alert_view(row) | whose | {"status_url": f"/api/tasks/{row.task_id}"}


def _encoded(row: AlertRow) -> str:
    return base64.urlsafe_b64encode(f"{row.raised_at.isoformat()} {row.task_id} {row.id}".encode()).decode()


def _decoded(cursor: str) -> tuple[datetime, str, str]:
    try:
        written, task_id, alert_id = base64.urlsafe_b64decode(cursor).decode().split(" ")
        moment = datetime.fromisoformat(written)
    except (ValueError, binascii.Error) as error:
        raise InvalidField(_BAD_CURSOR) from error
    if moment.tzinfo is None or not (task_id + alert_id).isprintable():
        raise InvalidField(_BAD_CURSOR)
    return moment, task_id, alert_id
