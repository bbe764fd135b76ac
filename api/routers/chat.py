"""Messages: ask, read the answer whole or as it comes, resume it, cancel it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.bodies import read_json
from api.chat.buffer import Ending
from api.chat.exchange import Exchange
from api.chat.frames import AnswerStream, local_frames, stored_frames
from api.chat.generation import Generation
from api.chat.requests import NewMessage
from api.chat.service import Chat
from api.chat.views import MessageView, message_url, message_view
from api.dependencies import AppParts, CurrentCaller, MessageId
from api.disconnects import unless_gone
from api.rate_headers import allowed_headers
from api.rate_limits import limited
from api.request_headers import idempotency_key
from api.views import PROBLEMS, json_response
from shared.conversations.records import Message, MessageStatus, Owner
from shared.errors import Conflict, ServiceUnavailable
from shared.llm.contract import Surface
from shared.llm.rates import Allowance

router = APIRouter(prefix="/api/chat/messages", tags=["Chat"])

_READ: dict[int | str, dict[str, Any]] = {code: PROBLEMS[code] for code in (404, 422, 503)}
_ASK: dict[int | str, dict[str, Any]] = {code: PROBLEMS[code] for code in (400, 402, 403, 409, 413, 415, 429, 502)}
_EXAMPLE = {"content": "Quais são os critérios de sepse?", "stream": True}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/NewMessage"}, "example": _EXAMPLE},
        },
    }
}
_STREAM: dict[str, Any] = {"content": {"text/event-stream": {}}}
_GONE = 499  # nobody reads it; what nginx writes in its log for the same
_PRIVATE = {"Cache-Control": "no-store"}


@router.post(
    "",
    summary="Dizer algo e receber a resposta: JSON, ou eventos com `stream`",
    description="Quem deixa de ler interrompe a resposta, salvo com `background`. Com a mesma `Idempotency-Key` vem a "
    "mesma mensagem. Uma resposta por conversa de cada vez: 409. `Location` diz onde ela está.",
    response_model=None,
    openapi_extra=_BODY,
    responses={200: {"model": MessageView, **_STREAM}, **_READ, **_ASK},
)
async def ask(
    request: Request,
    parts: AppParts,
    caller: CurrentCaller,
    allowance: Annotated[Allowance | None, Depends(limited(Surface.CHAT))],
    idempotency: Annotated[str | None, Header(alias="Idempotency-Key", max_length=257)] = None,
) -> Response:
    body = await read_json(request, NewMessage, parts.settings.api.api_max_body_bytes)
    key = idempotency_key(dict(request.scope["headers"]))
    exchange, generation = await parts.chat.ask(caller.owner, body, key)
    try:
        if generation is None:
            answer = await _earlier(request, parts.chat, caller.owner, exchange.answer, body.stream)
        else:
            answer = await _answered(request, parts.chat, exchange, generation, body.stream)
    except ClientDisconnect:
        return Response(status_code=_GONE)
    if allowance is not None:
        answer.headers.update(allowed_headers(allowance))
    return answer


@router.get(
    "/{message_id}",
    summary="Uma mensagem, com o que já veio da resposta",
    response_model=None,
    responses={200: {"model": MessageView}, **_READ},
)
async def read_message(message_id: MessageId, parts: AppParts, caller: CurrentCaller) -> Response:
    return _json(await parts.chat.message(caller.owner, message_id))


@router.get(
    "/{message_id}/stream",
    summary="Acompanhar uma resposta, desde o começo ou de onde se parou (Last-Event-ID)",
    response_model=None,
    response_class=Response,
    responses={200: _STREAM, **_READ},
)
async def follow(
    message_id: MessageId,
    parts: AppParts,
    caller: CurrentCaller,
    last_event_id: Annotated[int, Header(ge=0, description="Caracteres já recebidos")] = 0,
) -> Response:
    message = await parts.chat.message(caller.owner, message_id)
    generation = parts.chat.running(message_id)
    if generation is None:
        return AnswerStream(stored_frames(parts.chat, caller.owner, message, last_event_id), message)
    generation.join()
    return AnswerStream(local_frames(generation, last_event_id), message, generation.leave)


@router.delete(
    "/{message_id}",
    summary="Interromper uma resposta; o que já veio fica guardado",
    response_model=None,
    responses={200: {"model": MessageView}, **_READ},
)
async def cancel(message_id: MessageId, parts: AppParts, caller: CurrentCaller) -> Response:
    return _json(await parts.chat.cancel(caller.owner, message_id))


async def _answered(request: Request, chat: Chat, exchange: Exchange, generation: Generation, stream: bool) -> Response:
    """The answer of this process. The status line waits for its first piece, or for its end."""
    generation.join()
    reads_on = False
    try:
        ending = await unless_gone(request, generation.begun() if stream else generation.ended())
        await _raise_failure(chat, exchange, ending, stream)
        if stream:
            reads_on = True
            return AnswerStream(local_frames(generation, 0), generation.message, generation.leave)
        assert ending is not None
        return _whole(ending.outcome.of(generation.message))
    finally:
        if not reads_on:
            generation.leave()


async def _raise_failure(chat: Chat, exchange: Exchange, ending: Ending | None, stream: bool) -> None:
    """A failure that may still choose the status line does; a stream that has begun ends `incomplete` instead."""
    if ending is None or ending.error is None:
        return
    if not ending.outcome.content:
        await chat.forget_failed(exchange)
    elif stream:
        return
    raise ending.error


async def _earlier(request: Request, chat: Chat, owner: Owner, message: Message, stream: bool) -> Response:
    """An answer that an earlier request with the same Idempotency-Key began, and this process does not generate."""
    frames = stored_frames(chat, owner, message, 0)
    if stream:
        return AnswerStream(frames, message)

    async def read_through() -> None:
        async for _ in frames:
            continue

    await unless_gone(request, read_through())
    return _whole(await chat.message(owner, message.id))


def _whole(message: Message) -> Response:
    """JSON says either the whole answer or why there is none: a caller who looks at the status alone is not misled."""
    if message.status == MessageStatus.COMPLETE:
        return _json(message)
    if message.error_code == "cancelled":
        raise Conflict(f"a resposta foi cancelada; o que veio está em {message_url(message)}")
    raise ServiceUnavailable(f"a resposta foi interrompida; o que veio está em {message_url(message)}")


def _json(message: Message) -> Response:
    return json_response(message_view(message), headers={"Location": message_url(message), **_PRIVATE})
