"""Messages nobody could understand, for operators: what came, why it was refused, never lost."""

from __future__ import annotations

import asyncio
import base64
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from api import cursors
from api.dependencies import AppParts, CurrentCaller
from api.views import PROBLEMS, json_response
from shared.tasks import rejected

router = APIRouter(prefix="/api/rejected", tags=["Operação"])


class RejectedMessage(BaseModel):
    """`reason` is a stable code. The body is as it came, so it may hold patient data: for operators only."""

    id: str
    domain: str
    vhost: str
    reason: str
    detail: str
    body_base64: str
    message_id: str | None
    received_at: datetime
    copied_at: datetime | None


class RejectedPage(BaseModel):
    items: list[RejectedMessage]
    next_cursor: str | None


@router.get(
    "",
    summary="Mensagens não compreendidas, da mais nova para a mais antiga",
    response_model=None,
    responses={200: {"model": RejectedPage}, 422: PROBLEMS[422], 503: PROBLEMS[503]},
)
async def list_rejected(
    parts: AppParts,
    caller: CurrentCaller,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    before = cursors.decoded(cursor) if cursor else None

    def read() -> list[dict[str, Any]]:
        with parts.database.read() as connection:
            return rejected.page(connection, before, limit)

    rows = await asyncio.to_thread(read)
    items = [_shown(row) for row in rows]
    more = cursors.encoded(rows[-1]["received_at"], rows[-1]["id"]) if len(rows) == limit else None
    return json_response({"items": items, "next_cursor": more})


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    # The store's own keys are SQLAlchemy names, which orjson refuses.
    kept = {name: row[name] for name in RejectedMessage.model_fields if name in row}
    return kept | {"body_base64": base64.b64encode(row["body"]).decode()}
