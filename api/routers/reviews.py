"""A professional's decision on a result: sign it, edit it, refuse it. The only way from `pendente` to anything else."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from api import status
from api.bodies import NATIVE_TYPES, media_type, read_body
from api.dependencies import AppParts, Caller, CurrentCaller, Parts, TaskId
from api.views import PROBLEMS, json_response, version_tag
from shared.clinical.reviewing import PedidoRevisao, check_citations, difference
from shared.errors import Conflict, NotFound, PreconditionFailed, UnsupportedMedia
from shared.tasks import evidence, reviews
from shared.tasks.reading import TaskRow
from shared.tasks.reviews import Decision
from shared.tasks.states import TaskStatus

router = APIRouter(prefix="/api/tasks", tags=["Revisão"])

_READ: dict[int | str, dict[str, Any]] = {code: PROBLEMS[code] for code in (404, 422, 503)}
_WRITE: dict[int | str, dict[str, Any]] = {code: PROBLEMS[code] for code in (400, 409, 412, 413, 415)}
_EXAMPLE = {"decisao": "aceito", "conselho": "CRM", "registro": "123456", "uf": "SP"}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": PedidoRevisao.model_json_schema(), "example": _EXAMPLE}},
    }
}


class SentenceView(BaseModel):
    """A sentence of the draft or of the edited opinion; `sem_citacao` rests on the professional alone."""

    texto: str
    mudanca: str = Field(description="mantida, acrescentada or removida")
    citacoes: list[str]
    sem_citacao: bool


class ReviewView(BaseModel):
    """One decision. The highest `numero` of a run stands; earlier ones stay readable."""

    id: str
    run: int
    numero: int
    decisao: str
    conselho: str
    registro: str
    uf: str
    motivo: str | None
    parecer: str | None = Field(description="The edited text, for `editado`")
    diferenca: list[SentenceView] | None = Field(description="The edited text against the draft, by sentence")
    em: datetime


@router.post(
    "/{task_id}/review",
    summary="Decidir sobre o resultado: aceito, editado ou rejeitado",
    description="Com `If-Match` (o ETag lido) a decisão só vale sobre o que foi lido: 412 se mudou. "
    "Substituir uma decisão exige `If-Match`; sem ele, 409. O mesmo corpo repetido responde 200 e nada muda.",
    status_code=201,
    response_model=None,
    openapi_extra=_BODY,
    responses={
        201: {"model": ReviewView},
        200: {"model": ReviewView, "description": "A mesma decisão já estava registrada"},
        **_READ,
        **_WRITE,
    },
)
async def review_task(
    request: Request,
    task_id: TaskId,
    parts: AppParts,
    caller: CurrentCaller,
    if_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    headers: dict[bytes, bytes] = dict(request.scope["headers"])
    if media_type(headers) not in NATIVE_TYPES:
        raise UnsupportedMedia("envie o corpo como application/json")
    body = await read_body(request, headers, parts.settings.api.api_max_body_bytes)
    asked = PedidoRevisao.model_validate_json(body)
    seen = None if if_match is None else frozenset(tag.strip() for tag in if_match.split(","))
    row, made = await asyncio.to_thread(_decide, parts, caller, task_id, asked, seen)
    history = await asyncio.to_thread(_history, parts, task_id)
    mine = next(one for one in history if (one["run"], one["number"]) == (row.run, row.review_number))
    headers_out = {"ETag": version_tag(row.id, row.version), "Location": f"/api/tasks/{row.id}/reviews"}
    return json_response(_view(mine), 201 if made else 200, headers_out)


@router.get(
    "/{task_id}/reviews",
    summary="Todas as decisões sobre a tarefa, a mais nova primeiro",
    response_model=None,
    responses={200: {"model": list[ReviewView]}, **_READ},
)
async def read_reviews(task_id: TaskId, parts: AppParts, caller: CurrentCaller) -> Response:
    await status.find(parts, caller, task_id)
    return json_response([_view(row) for row in await asyncio.to_thread(_history, parts, task_id)])


def _decide(
    parts: Parts, caller: Caller, task_id: str, asked: PedidoRevisao, seen: frozenset[str] | None
) -> tuple[TaskRow, bool]:
    """The task with the decision that now stands, and whether it is new. What is decided on is read without a lock;
    a task that moved on meanwhile is looked at again.
    """
    decision = Decision(asked.decisao, asked.conselho, asked.registro, asked.uf, asked.motivo, asked.parecer)
    while True:
        row = _reviewable(parts, caller, task_id)
        if _stands(row) == decision:
            return row, False
        _check_precondition(row, seen)
        changes = None
        if asked.parecer is not None:
            check_citations(asked.parecer, row.result)
            draft = row.result["parecer"]
            changes = [line.as_dict() for line in difference(draft["texto"] if draft else "", asked.parecer)]
        with parts.database.write() as connection:
            if reviews.record(connection, row.id, row.version, decision, changes, caller.client):
                break
    return _reviewable(parts, caller, task_id), True


def _reviewable(parts: Parts, caller: Caller, task_id: str) -> TaskRow:
    with parts.database.read() as connection:
        row = evidence.find(connection, caller.tenant, task_id)
    if row is None:
        raise NotFound("tarefa desconhecida")
    if row.status != TaskStatus.COMPLETED or row.result is None:
        raise Conflict(f"a tarefa está em '{row.status}': só um resultado concluído pode ser revisado")
    if "revisao" not in row.result:
        raise Conflict("o resultado desta tarefa não é clínico: não há o que revisar")
    return row


def _stands(row: TaskRow) -> Decision | None:
    if row.review_decision is None:
        return None
    return Decision(
        row.review_decision,
        row.review_council,
        row.review_registration,
        row.review_state,
        row.review_reason,
        row.review_opinion,
    )


def _check_precondition(row: TaskRow, seen: frozenset[str] | None) -> None:
    """Naming the current ETag says: I have read what stands. Only who says so may put a decision in its place."""
    current = version_tag(row.id, row.version)
    if seen is not None and current not in seen and "*" not in seen:
        raise PreconditionFailed("a tarefa mudou desde que foi lida: leia de novo e decida sobre o que está lá")
    if row.review_decision is not None and (seen is None or current not in seen):
        raise Conflict("já há uma decisão sobre este resultado; para substituí-la, envie o ETag atual em If-Match")


def _history(parts: Parts, task_id: str) -> list[dict[str, Any]]:
    with parts.database.read() as connection:
        return reviews.history(connection, task_id)


def _view(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "run": row["run"],
        "numero": row["number"],
        "decisao": row["decision"],
        "conselho": row["council"],
        "registro": row["registration"],
        "uf": row["state"],
        "motivo": row["reason"],
        "parecer": row["opinion"],
        "diferenca": row["difference"],
        "em": row["created_at"],
    }
