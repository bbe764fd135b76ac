"""Tasks across domains: read one, follow it, cancel it, have it done again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from api import status
from api.dependencies import AppParts, Caller, CurrentCaller, Parts, TaskId
from api.views import PROBLEMS, EarlierResult, TaskAccepted, TaskView, accepted, is_terminal, json_response
from shared import clock
from shared.tasks import commands, reading, timeline
from shared.tasks.publishing import Due
from shared.tasks.states import TaskStatus

router = APIRouter(prefix="/api/tasks", tags=["Tarefas"])

_KNOWN: dict[int | str, dict[str, Any]] = {code: PROBLEMS[code] for code in (404, 422, 503)}
_EVENTS_TICK_S = 0.5
_KEEPALIVE_TICKS = 30


@router.get(
    "/{task_id}",
    summary="Uma tarefa, de qualquer domínio",
    response_model=None,
    responses={200: {"model": TaskView}, 304: {"description": "Nada mudou desde o ETag informado"}, **_KNOWN},
)
async def read_task(
    request: Request,
    task_id: TaskId,
    parts: AppParts,
    caller: CurrentCaller,
    wait: Annotated[int, Query(ge=0, le=30, description="Segundos a esperar por uma mudança")] = 0,
) -> Response:
    return await status.answer(request, parts, caller, task_id, None, wait)


@router.get(
    "/{task_id}/results",
    summary="Resultados de todas as execuções, o mais novo primeiro",
    response_model=None,
    responses={200: {"model": list[EarlierResult]}, **_KNOWN},
)
async def read_results(task_id: TaskId, parts: AppParts, caller: CurrentCaller) -> Response:
    await status.find(parts, caller, task_id)

    def read() -> list[dict[str, Any]]:
        with parts.database.read() as connection:
            return reading.earlier_results(connection, task_id)

    rows = await asyncio.to_thread(read)
    # The store's own keys are SQLAlchemy names, which orjson refuses.
    return json_response([{name: row[name] for name in EarlierResult.model_fields} for row in rows])


@router.post(
    "/{task_id}/cancel",
    summary="Cancelar: o que espera termina já; o que executa é interrompido",
    status_code=202,
    response_model=None,
    responses={202: {"model": TaskAccepted}, 409: PROBLEMS[409], **_KNOWN},
)
async def cancel_task(task_id: TaskId, parts: AppParts, caller: CurrentCaller) -> Response:
    def write() -> TaskStatus:
        with parts.database.write() as connection:
            return commands.cancel(connection, caller.tenant, task_id)

    state = await asyncio.to_thread(write)
    return accepted(task_id, state, f"/api/tasks/{task_id}")


@router.post(
    "/{task_id}/replay",
    summary="Executar de novo uma tarefa terminada; o resultado anterior continua legível",
    status_code=202,
    response_model=None,
    responses={202: {"model": TaskAccepted}, 409: PROBLEMS[409], **_KNOWN},
)
async def replay_task(task_id: TaskId, parts: AppParts, caller: CurrentCaller) -> Response:
    later = clock.now() + timedelta(seconds=parts.settings.worker.relay_grace_s)

    def write() -> Due:
        with parts.database.write() as connection:
            return commands.replay(connection, caller.tenant, task_id, later)

    parts.submission.publish(await asyncio.to_thread(write))
    return accepted(task_id, TaskStatus.PENDING, f"/api/tasks/{task_id}")


@router.get(
    "/{task_id}/events",
    summary="Linha do tempo ao vivo (server-sent events), retomável com Last-Event-ID",
    response_model=None,
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Uma linha por evento"}, **_KNOWN},
)
async def follow_task(
    request: Request,
    task_id: TaskId,
    parts: AppParts,
    caller: CurrentCaller,
    last_event_id: Annotated[int, Header(ge=-1)] = -1,
) -> Response:
    await status.find(parts, caller, task_id)
    stream = _stream(request, parts, caller, task_id, last_event_id)
    return StreamingResponse(stream, media_type="text/event-stream")


async def _stream(request: Request, parts: Parts, caller: Caller, task_id: str, seen: int) -> AsyncIterator[bytes]:
    """Lines as they are written, a comment now and then for proxies, until the task has ended.

    A line may become visible after one with a higher id (API and worker commit side by side), so what was sent is
    remembered and the short timeline read again.
    """
    quiet_ticks = 0
    sent: set[int] = set()
    while not await request.is_disconnected():
        # The row first: whatever line its terminal state brought is then certainly in the read that follows.
        row = await status.find(parts, caller, task_id)
        lines = [line for line in await asyncio.to_thread(_lines_after, parts, task_id, seen) if line["id"] not in sent]
        for line in lines:
            sent.add(line["id"])
            yield _frame(line)
        if is_terminal(row) and not lines:
            return
        quiet_ticks = 0 if lines else quiet_ticks + 1
        if quiet_ticks >= _KEEPALIVE_TICKS:
            quiet_ticks = 0
            yield b": ainda aqui\n\n"
        if not lines:
            await parts.watcher.wait(task_id, row.version, _EVENTS_TICK_S)


def _lines_after(parts: Parts, task_id: str, seen: int) -> list[dict[str, Any]]:
    with parts.database.read() as connection:
        return timeline.read_after(connection, task_id, seen)


def _frame(line: dict[str, Any]) -> bytes:
    data = orjson.dumps({"at": line["at"], **line["data"]}).decode()
    return f"id: {line['id']}\nevent: {line['kind']}\ndata: {data}\n\n".encode()
