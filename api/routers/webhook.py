"""The webhook client: a question now, the signed answer later at a registered receiver; its log; its conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy.engine import Connection
from starlette.responses import Response

from api.bodies import NATIVE_TYPES, media_type, read_body
from api.dependencies import AppParts, CurrentCaller, Parts
from api.metrics import ACCEPTED
from api.rate_headers import allowed_headers
from api.rate_limits import limited
from api.request_headers import idempotency_key, traceparent
from api.views import PROBLEMS, json_response
from api.webhook_questions import (
    DOMAIN,
    EVENT,
    Headers,
    check_conversation,
    new_question,
    question_of,
)
from api.webhook_views import Asked, HistoryPage, RequestView, Resent, history_page, request_view
from handlers.conversas.examples import RESPOSTA
from handlers.conversas.requests import PerguntaRecebida
from shared.conversations import messages, store, turns
from shared.conversations.records import Owner
from shared.errors import InvalidField, NotFound, UnsupportedMedia
from shared.llm.contract import Surface
from shared.llm.rates import Allowance
from shared.tasks import answers

router = APIRouter(prefix="/webhook", tags=["Conversas"])
T = TypeVar("T")
_MAX_SEQ = 2**31 - 1
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": PerguntaRecebida.model_json_schema(), "example": RESPOSTA}},
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
        }
    ],
}
_ASK: dict[int | str, dict[str, Any]] = {
    202: {"model": Asked},
    **{code: PROBLEMS[code] for code in (400, 404, 409, 413, 415, 422, 429, 503)},
}
Allowed = Annotated[Allowance | None, Depends(limited(Surface.WEBHOOK))]


@router.post("/", include_in_schema=False, response_model=None)
@router.post(
    "",
    summary="Perguntar a um modelo; a resposta assinada vai ao receptor registrado",
    response_model=None,
    status_code=202,
    openapi_extra=_BODY,
    responses=_ASK,
)
async def ask(request: Request, parts: AppParts, caller: CurrentCaller, allowed: Allowed) -> Response:
    headers: dict[bytes, bytes] = dict(request.scope["headers"])
    if media_type(headers) not in NATIVE_TYPES:
        raise UnsupportedMedia("envie o corpo como application/json")
    said = Headers(idempotency_key(headers), traceparent(headers))
    body = await read_body(request, headers, parts.settings.api.api_max_body_bytes)
    received = PerguntaRecebida.model_validate_json(body)
    question = await asyncio.to_thread(question_of, received, parts)  # names of models' hosts may be looked up
    await _read(parts, lambda connection: check_conversation(connection, caller, question))
    new = new_question(question, received, parts, caller, said)
    accepted = await parts.submission.accept(new.task, turns.accept, new)
    ACCEPTED.labels(DOMAIN, EVENT).inc()
    conversation = new.task.traits.sequence
    if not accepted.created:
        conversation = await _read(parts, lambda connection: turns.conversation_of(connection, accepted.task_id))
    url = f"/webhook/{accepted.task_id}"
    answer = {
        "request_id": accepted.task_id,
        "conversation_id": conversation,
        "status": accepted.status,
        "status_url": url,
    }
    told = allowed_headers(allowed) if allowed else {}
    return json_response(answer, 202, {"Location": url, "Retry-After": "1"} | told)


@router.get(
    "/conversations/{conversation_id}",
    summary="O que foi dito em uma conversa, do começo ao fim",
    response_model=None,
    responses={200: {"model": HistoryPage}, **{code: PROBLEMS[code] for code in (404, 422, 503)}},
)
async def conversation(
    conversation_id: Annotated[str, Path()],
    parts: AppParts,
    caller: CurrentCaller,
    cursor: Annotated[str | None, Query(max_length=20)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    after = _seq(cursor)

    def read(connection: Connection) -> Response:
        found = store.get(connection, Owner(caller.tenant, caller.client), _printable(conversation_id, "conversa"))
        items = messages.page(connection, found.id, after, limit)
        more = str(items[-1].seq) if len(items) == limit else None
        return json_response(history_page(found, items, more))

    return await _read(parts, read)


@router.get(
    "/{request_id}",
    summary="Um pedido: resposta, e cada tentativa de entregá-la",
    response_model=None,
    responses={200: {"model": RequestView}, **{code: PROBLEMS[code] for code in (404, 503)}},
)
async def one_request(request_id: Annotated[str, Path()], parts: AppParts, caller: CurrentCaller) -> Response:
    task_id = _printable(request_id, "pedido")

    def read(connection: Connection) -> Response:
        row = answers.find(connection, caller.tenant, caller.client, DOMAIN, task_id)
        view = request_view(row, answers.calls(connection, task_id), answers.attempts(connection, task_id))
        return json_response(view)

    return await _read(parts, read)


@router.post(
    "/{request_id}/resend",
    summary="Entregar outra vez, já e com o mesmo webhook-id",
    response_model=None,
    status_code=202,
    responses={202: {"model": Resent}, **{code: PROBLEMS[code] for code in (404, 409, 503)}},
)
async def resend(request_id: Annotated[str, Path()], parts: AppParts, caller: CurrentCaller) -> Response:
    task_id = _printable(request_id, "pedido")

    def write() -> str:
        with parts.database.write() as connection:
            answers.find(connection, caller.tenant, caller.client, DOMAIN, task_id)
            return answers.resend(connection, task_id)

    webhook_id = await asyncio.to_thread(write)
    told = {"Location": f"/webhook/{task_id}", "Retry-After": "1"}
    return json_response({"request_id": task_id, "webhook_id": webhook_id}, 202, told)


async def _read(parts: Parts, query: Callable[[Connection], T]) -> T:
    def run() -> T:
        with parts.database.read() as connection:
            return query(connection)

    return await asyncio.to_thread(run)


def _printable(name: str, what: str) -> str:
    """Raises NotFound for an id that no store can hold: PostgreSQL refuses NUL."""
    if not name.isprintable():
        raise NotFound(f"{what}: identificador desconhecido")
    return name


def _seq(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit()) or int(cursor) > _MAX_SEQ:
        raise InvalidField([("cursor", "use o next_cursor da página anterior")])
    return int(cursor)
