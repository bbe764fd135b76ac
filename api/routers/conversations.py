"""Conversations: begin, list, read, rename, erase; and the tree of their messages."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy.engine import Connection
from starlette.responses import Response

from api import cursors
from api.bodies import read_json
from api.chat.prompt import card_of
from api.chat.requests import ConversationChange, NewConversation
from api.chat.views import ConversationPage, ConversationView, MessagePage, conversation_view, message_view
from api.dependencies import AppParts, ConversationId, CurrentCaller
from api.views import PROBLEMS, json_response
from shared.conversations import attachments, messages, store
from shared.conversations.records import Conversation, Message, Owner
from shared.errors import InvalidField
from shared.llm.contract import Surface

router = APIRouter(prefix="/api/chat/conversations", tags=["Chat"])

_READ: dict[int | str, dict[str, Any]] = {code: PROBLEMS[code] for code in (404, 422, 503)}
_WRITE: dict[int | str, dict[str, Any]] = {code: PROBLEMS[code] for code in (400, 404, 413, 415, 422, 503)}
_LARGEST_SEQ = 2**31 - 1
_LONGEST_BRANCH = 10_000
_PRIVATE = {"Cache-Control": "no-store"}


def _body(name: str, example: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}}


@router.post(
    "",
    summary="Começar uma conversa, com texto de sistema, modelo e paciente próprios",
    status_code=201,
    response_model=None,
    openapi_extra=_body("NewConversation", {"title": "Passagem de plantão", "system": "Responda em português."}),
    responses={201: {"model": ConversationView}, **_WRITE},
)
async def begin(request: Request, parts: AppParts, caller: CurrentCaller) -> Response:
    asked = await read_json(request, NewConversation, parts.settings.api.api_max_body_bytes)
    card_of(await parts.chat.cards(), asked.model)
    patient = asked.paciente.model_dump(mode="json", exclude_none=True) if asked.paciente else None

    def write(connection: Connection) -> Conversation:
        return store.create(
            connection,
            caller.owner,
            Surface.CHAT,
            user_id=asked.user_id,
            title=asked.title,
            model=asked.model,
            system=asked.system,
            patient=patient,
        )

    made = await parts.chat.write(write)
    return json_response(conversation_view(made), 201, {"Location": f"/api/chat/conversations/{made.id}", **_PRIVATE})


@router.get(
    "",
    summary="As próprias conversas, a mais recente primeiro",
    response_model=None,
    responses={200: {"model": ConversationPage}, **{code: PROBLEMS[code] for code in (422, 503)}},
)
async def list_conversations(
    parts: AppParts,
    caller: CurrentCaller,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    before = cursors.decoded(cursor) if cursor else None
    found = await parts.chat.read(lambda connection: store.page(connection, caller.owner, before, limit))
    following = cursors.encoded(found[-1].updated_at, found[-1].id) if len(found) == limit else None
    body = {"items": [conversation_view(one) for one in found], "next_cursor": following}
    return json_response(body, headers=_PRIVATE)


@router.get(
    "/{conversation_id}",
    summary="Uma conversa",
    response_model=None,
    responses={200: {"model": ConversationView}, **_READ},
)
async def read_conversation(conversation_id: ConversationId, parts: AppParts, caller: CurrentCaller) -> Response:
    found = await parts.chat.read(lambda connection: store.get(connection, caller.owner, conversation_id))
    return json_response(conversation_view(found), headers=_PRIVATE)


@router.patch(
    "/{conversation_id}",
    summary="Mudar título, modelo ou texto de sistema; null retira",
    response_model=None,
    openapi_extra=_body("ConversationChange", {"title": "Leito 12"}),
    responses={200: {"model": ConversationView}, **_WRITE},
)
async def change(request: Request, conversation_id: ConversationId, parts: AppParts, caller: CurrentCaller) -> Response:
    asked = await read_json(request, ConversationChange, parts.settings.api.api_max_body_bytes)
    card_of(await parts.chat.cards(), asked.model)
    values = asked.model_dump(include=asked.model_fields_set)
    changed = await parts.chat.write(lambda connection: store.change(connection, caller.owner, conversation_id, values))
    return json_response(conversation_view(changed), headers=_PRIVATE)


@router.delete(
    "/{conversation_id}",
    summary="Apagar a conversa e tudo o que foi dito nela, sem volta; uma resposta em geração é interrompida",
    status_code=204,
    response_model=None,
    responses=_READ,
)
async def erase(conversation_id: ConversationId, parts: AppParts, caller: CurrentCaller) -> Response:
    await parts.chat.erase(caller.owner, conversation_id)
    return Response(status_code=204)


@router.get(
    "/{conversation_id}/messages",
    summary="Mensagens na ordem de chegada, com todos os ramos; com `leaf`, só o ramo que termina nela",
    response_model=None,
    responses={200: {"model": MessagePage}, **_READ},
)
async def read_messages(
    conversation_id: ConversationId,
    parts: AppParts,
    caller: CurrentCaller,
    leaf: Annotated[str | None, Query(pattern=r"^[0-9a-f-]{36}$")] = None,
    cursor: Annotated[str | None, Query(max_length=10, description="next_cursor da página anterior")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Response:
    after = _seq(cursor)

    def read(connection: Connection) -> list[Message]:
        found = _page(connection, caller.owner, conversation_id, leaf, after, limit)
        return attachments.with_deleted(connection, found)

    found = await parts.chat.read(read)
    following = str(found[-1].seq) if len(found) == limit else None
    return json_response({"items": [message_view(one) for one in found], "next_cursor": following}, headers=_PRIVATE)


def _page(
    connection: Connection, owner: Owner, conversation_id: str, leaf: str | None, after: int, limit: int
) -> list[Message]:
    store.get(connection, owner, conversation_id)
    if leaf is None:
        return messages.page(connection, conversation_id, after, limit)
    branch = messages.path(connection, conversation_id, leaf, _LONGEST_BRANCH)
    return [message for message in branch if message.seq > after][:limit]


def _seq(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit()) or int(cursor) > _LARGEST_SEQ:
        raise InvalidField([("cursor", "use o next_cursor da página anterior")])
    return int(cursor)
