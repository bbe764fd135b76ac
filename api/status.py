"""Answering 'how far is it?': conditional, and waiting when the caller likes."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from fastapi import Request
from starlette.responses import Response

from api.dependencies import Caller, Parts
from api.views import etag, is_terminal, json_response, task_view
from shared.errors import NotFound
from shared.tasks import alerts, reading
from shared.tasks.alerts import AlertRow

_MAX_WAIT_S = 30
_PREFER_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])")


async def answer(
    request: Request, parts: Parts, caller: Caller, task_id: str, domain: str | None, wait: int
) -> Response:
    """The task's view, 304 when the caller's ETag still holds, after at most `wait` seconds.

    With If-None-Match the wait ends at any change, without it at the task's end. Raises NotFound.
    """
    preferred = _PREFER_WAIT.search(request.headers.get("prefer", ""))
    wait = min(int(preferred.group(1)), _MAX_WAIT_S) if preferred else wait
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    row = await find(parts, caller, task_id, domain)
    deadline = asyncio.get_running_loop().time() + wait
    while not is_terminal(row) and (not any(known) or etag(row) in known):
        remaining = deadline - asyncio.get_running_loop().time()
        if remaining <= 0 or not await parts.watcher.wait(row.id, row.version, remaining):
            break
        row = await find(parts, caller, task_id, domain)
    headers = {"ETag": etag(row)}
    if preferred:
        headers["Preference-Applied"] = f"wait={wait}"
    if etag(row) in known:
        return Response(status_code=304, headers=headers)
    if not is_terminal(row):
        headers["Retry-After"] = "1"
    return json_response(await view(parts, row), headers=headers)


async def view(parts: Parts, row: reading.TaskRow) -> dict[str, Any]:
    """The task as its caller sees it, with every alert it has raised."""
    return task_view(row, await _alerts(parts, row))


async def find(parts: Parts, caller: Caller, task_id: str, domain: str | None = None) -> reading.TaskRow:
    """The task's row. Raises NotFound, also for another tenant's task."""

    def read() -> reading.TaskRow | None:
        with parts.database.read() as connection:
            return reading.find(connection, caller.tenant, task_id, domain)

    row = await asyncio.to_thread(read)
    if row is None:
        raise NotFound("tarefa desconhecida")
    return row


async def _alerts(parts: Parts, row: reading.TaskRow) -> list[AlertRow]:
    """Every alert the task has raised; a first run whose findings raised none needs no look."""
    if not row.alerts and row.run == 1:
        return []

    def read() -> list[AlertRow]:
        with parts.database.read() as connection:
            return alerts.of_task(connection, row.id)

    return await asyncio.to_thread(read)
