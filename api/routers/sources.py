"""The document of another standard that a task was read from: as it came, and how it was understood."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api import status
from api.dependencies import AppParts, Caller, CurrentCaller, Parts, TaskId
from api.views import PROBLEMS, json_response
from shared.errors import NotFound
from shared.interop import Mapeamento
from shared.tasks import reading
from shared.tasks.acceptance import TaskSource

router = APIRouter(prefix="/api/tasks", tags=["Tarefas"])

_KNOWN: dict[int | str, dict[str, Any]] = {code: PROBLEMS[code] for code in (404, 422, 503)}


@router.get(
    "/{task_id}/source",
    summary="O documento FHIR ou HL7 v2 de que a tarefa foi lida, byte por byte",
    response_model=None,
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "Com o tipo em que chegou"}, **_KNOWN},
)
async def read_source(task_id: TaskId, parts: AppParts, caller: CurrentCaller) -> Response:
    source = await _source(parts, caller, task_id)
    # A browser must not show it as a page of ours.
    headers = {"Content-Disposition": "attachment", "Content-Type": source.media_type}
    return Response(source.body, headers=headers)


@router.get(
    "/{task_id}/mapping",
    summary="Como o documento de origem foi lido: o que foi mapeado, o que faltou, o que não foi compreendido",
    response_model=None,
    responses={200: {"model": Mapeamento}, **_KNOWN},
)
async def read_mapping(task_id: TaskId, parts: AppParts, caller: CurrentCaller) -> Response:
    return json_response((await _source(parts, caller, task_id)).report)


async def _source(parts: Parts, caller: Caller, task_id: str) -> TaskSource:
    await status.find(parts, caller, task_id)

    def read() -> TaskSource | None:
        with parts.database.read() as connection:
            return reading.source(connection, caller.tenant, task_id)

    source = await asyncio.to_thread(read)
    if source is None:
        raise NotFound("a tarefa não veio de um documento de outro padrão")
    return source
