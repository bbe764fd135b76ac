"""A patient's timeline across domains, found by CPF, CNS or record number without any of them being stored in a column.

Whoever is unknown has an empty timeline, not a 404: the answer must not say who was ever a patient here.
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api import cursors
from api.dependencies import AppParts, CurrentCaller
from api.views import PROBLEMS, json_response
from shared.clinical.identifiers import cns_number, cpf_number
from shared.errors import InvalidField
from shared.findings import Gravidade
from shared.privacy.blind_index import IdentifierKind, record_number
from shared.tasks import patients
from shared.tasks.patients import Named, Person
from shared.tasks.reading import TaskRow
from shared.tasks.reviews import decided
from shared.tasks.states import TaskStatus

router = APIRouter(prefix="/api/pacientes", tags=["Pacientes"])

_RECORD_PREFIX = "prontuario:"
_MASK = re.compile(r"[ .\-]")
_LENGTHS = {11: (IdentifierKind.CPF, cpf_number), 15: (IdentifierKind.CNS, cns_number)}
_MAX_LENGTH = 200


class FindingSummary(BaseModel):
    codigo: str
    gravidade: str


class TimelineItem(BaseModel):
    """One task of the patient. Findings without their values: open `status_url` for those."""

    task_id: str
    domain: str
    event: str
    status: TaskStatus
    urgent: bool
    occurred_at: datetime = Field(description="When it happened to the patient; else when it was accepted")
    created_at: datetime
    finished_at: datetime | None
    degraded: bool
    review: str | None
    alertas: list[FindingSummary] = Field(description="Critical findings")
    achados: list[FindingSummary]
    status_url: str


class TimelinePage(BaseModel):
    items: list[TimelineItem]
    next_cursor: str | None
    ambiguous: bool = Field(
        description="True: the identifier was sent with more than one CPF. The tasks may be of several people, and "
        "none was added that carries only another identifier"
    )


@router.get(
    "/{paciente:path}/linha-do-tempo",
    summary="Linha do tempo de um paciente, do evento mais novo para o mais antigo",
    response_model=None,
    # 404: a line break in the address leads to no route.
    responses={200: {"model": TimelinePage}, **{code: PROBLEMS[code] for code in (404, 422, 503)}},
)
async def read_timeline(
    paciente: Annotated[
        str, Path(description="CPF ou CNS, com ou sem máscara, ou número do prontuário (`prontuario:123`)")
    ],
    parts: AppParts,
    caller: CurrentCaller,
    dominio: Annotated[str | None, Query(max_length=64, description="Somente este domínio")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    kind, identifier = _identifier(paciente)
    asked = (kind, parts.blind.of(caller.tenant).value(kind, identifier))
    before = cursors.decoded(cursor) if cursor else None
    readable = caller.readable(parts.domains)
    if dominio is not None and dominio not in readable:
        raise InvalidField([("dominio", f"deve ser um de: {', '.join(readable)}")])
    domains = readable if dominio is None else [dominio]

    def read() -> tuple[Person, list[TaskRow]]:
        with parts.database.read() as connection:
            person = patients.find_person(connection, caller.tenant, asked)
            return person, patients.timeline_page(connection, caller.tenant, person, domains, before, limit)

    person, rows = await asyncio.to_thread(read)
    more = cursors.encoded(rows[-1].occurred_at, rows[-1].id) if len(rows) == limit else None
    body = {"items": [_item(row) for row in rows], "next_cursor": more, "ambiguous": person.ambiguous}
    return json_response(body)


def _identifier(text: str) -> Named:
    """Which identifier `text` is, in its normal form. Raises InvalidField, without repeating it."""
    if len(text) > _MAX_LENGTH or not text.isprintable():
        raise InvalidField([("paciente", f"até {_MAX_LENGTH} caracteres imprimíveis")])
    if text.startswith(_RECORD_PREFIX):
        return IdentifierKind.RECORD, _record(text.removeprefix(_RECORD_PREFIX))
    bare = _MASK.sub("", text)
    if not (bare.isascii() and bare.isdigit() and len(bare) in _LENGTHS):
        return IdentifierKind.RECORD, _record(text)
    kind, normal_form = _LENGTHS[len(bare)]
    try:
        return kind, normal_form(bare)
    except ValueError as error:
        reason = f"{error}; se for um número de prontuário, escreva prontuario: antes dele"
        raise InvalidField([("paciente", reason)]) from None


def _record(text: str) -> str:
    number = record_number(text)
    if not number:
        raise InvalidField([("paciente", "informe um CPF, um CNS ou um número de prontuário")])
    return number


def _item(row: TaskRow) -> dict[str, Any]:
    found = [{"codigo": f["codigo"], "gravidade": f["gravidade"]} for f in (row.evaluation or {}).get("achados", [])]
    result = decided(row.result, row)
    return {
        "task_id": row.id,
        "domain": row.domain,
        "event": row.event,
        "status": row.status,
        "urgent": row.urgent,
        "occurred_at": row.occurred_at,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "degraded": row.degraded,
        "review": (result.get("revisao") or {}).get("estado") if result else None,
        "alertas": [finding for finding in found if finding["gravidade"] == Gravidade.CRITICO],
        "achados": found,
        "status_url": f"/api/tasks/{row.id}",
    }
