"""The JSON that callers read, as models for the OpenAPI document and as the one builder of each body."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel, Field
from starlette.responses import Response

from shared.tasks.reading import TaskRow
from shared.tasks.states import TERMINAL, TaskStatus

JSON = "application/json"


class TaskAccepted(BaseModel):
    """202: the task is durable; follow `status_url`."""

    task_id: str
    status: TaskStatus
    status_url: str


class Progress(BaseModel):
    done: int
    total: int
    agent: str | None = Field(description="Who is working now")


class TaskError(BaseModel):
    code: str
    detail: str


class TaskView(BaseModel):
    """One task as its caller sees it. `attempts` counts failures that were reported, not deliveries."""

    task_id: str
    domain: str
    event: str
    status: TaskStatus
    run: int = Field(description="1, and one more for each replay")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    progress: Progress
    alerts: list[dict[str, Any]] = Field(description="Critical findings; present before any model is asked")
    findings: dict[str, Any] | None = Field(description="What the rules found; present before the crew has run")
    degraded: bool = Field(description="True: findings stand, but no agent's opinion could be had")
    review: str | None = Field(description="pendente until a professional decides")
    result: dict[str, Any] | None
    error: TaskError | None


class EarlierResult(BaseModel):
    run: int
    degraded: bool
    created_at: datetime
    result: dict[str, Any]


class Problem(BaseModel):
    """RFC 9457 problem+json. `errors` names fields, never values."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None


PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for code in (400, 404, 409, 413, 415, 422, 503)
}


def accepted(task_id: str, status: str, status_url: str) -> Response:
    """The 202 of every accepted request."""
    body = f'{{"task_id":"{task_id}","status":"{status}","status_url":"{status_url}"}}'
    return Response(body, 202, {"Location": status_url, "Retry-After": "1"}, JSON)


def etag(row: TaskRow) -> str:
    return f'"{row.id}-{row.version}"'


def task_view(row: TaskRow) -> dict[str, Any]:
    """The body of a status answer."""
    result = row.result
    return {
        "task_id": row.id,
        "domain": row.domain,
        "event": row.event,
        "status": row.status,
        "run": row.run,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "attempts": row.attempts,
        "progress": {"done": row.progress_done, "total": row.progress_total, "agent": row.progress_agent},
        "alerts": row.alerts or [],
        "findings": row.evaluation,
        "degraded": row.degraded,
        "review": (result.get("revisao") or {}).get("estado") if result else None,
        "result": result,
        "error": row.error,
    }


def is_terminal(row: TaskRow) -> bool:
    return TaskStatus(row.status) in TERMINAL


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, JSON)
