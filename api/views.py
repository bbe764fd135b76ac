"""The JSON that callers read, as models for the OpenAPI document and as the one builder of each body."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel, Field
from starlette.responses import Response

from shared.interop import Mapeamento
from shared.tasks.alerts import AlertRow, AlertState
from shared.tasks.reading import TaskRow
from shared.tasks.reviews import decided
from shared.tasks.states import TERMINAL, TaskStatus

JSON = "application/json"


class TaskAccepted(BaseModel):
    """202: the task is durable; follow `status_url`."""

    task_id: str
    status: TaskStatus
    status_url: str
    mapeamento: Mapeamento | None = Field(None, description="Only for FHIR and HL7 v2: how the document was read")


class Progress(BaseModel):
    done: int
    total: int
    agent: str | None = Field(description="Who is working now")


class TaskError(BaseModel):
    code: str
    detail: str


class AlertView(BaseModel):
    """A critical finding on its way to a person."""

    id: str
    achado: str = Field(description="Id of the finding that raised it, in the run `execucao`")
    execucao: int
    codigo: str
    descricao: str
    em: datetime
    estado: str = Field(description="aberto, or reconhecido once a named person took it")
    nivel: int = Field(description="Contacts called so far")
    proximo_contato_em: datetime | None = Field(description="When the next one is called; null: nobody will be")
    reconhecido_por: str | None
    reconhecido_em: datetime | None
    nota: str | None


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
    alerts: list[AlertView] = Field(description="Critical findings of all runs; present before any model is asked")
    findings: dict[str, Any] | None = Field(description="What the rules found; present before the crew has run")
    degraded: bool = Field(description="True: findings stand, but no agent's opinion could be had")
    review: str | None = Field(description="pendente until a professional decides")
    result: dict[str, Any] | None = Field(description="As it stands after the review; /results has the drafts")
    error: TaskError | None


class EarlierResult(BaseModel):
    run: int
    degraded: bool
    created_at: datetime
    result: dict[str, Any]


class Problem(BaseModel):
    """RFC 9457 problem+json. `errors` names fields or places of a document (then with a `code`), never values."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None
    mapeamento: Mapeamento | None = None


PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for code in (400, 402, 403, 404, 409, 412, 413, 415, 422, 429, 502, 503)
}


def accepted(task_id: str, status: str, status_url: str) -> Response:
    """The 202 of every accepted request."""
    body = f'{{"task_id":"{task_id}","status":"{status}","status_url":"{status_url}"}}'
    return Response(body, 202, {"Location": status_url, "Retry-After": "1"}, JSON)


def accepted_document(task_id: str, status: str, status_url: str, report: dict[str, Any]) -> Response:
    """The 202 of a document of another standard: the same, and how the document was read."""
    body = {"task_id": task_id, "status": status, "status_url": status_url, "mapeamento": report}
    return json_response(body, 202, {"Location": status_url, "Retry-After": "1"})


def etag(row: TaskRow) -> str:
    return version_tag(row.id, row.version)


def version_tag(task_id: str, version: int) -> str:
    """The ETag of a task at one of its versions."""
    return f'"{task_id}-{version}"'


def alert_view(row: AlertRow) -> dict[str, Any]:
    """One alert as every answer shows it."""
    return {
        "id": row.id,
        "achado": row.achado,
        "execucao": row.run,
        "codigo": row.codigo,
        "descricao": row.descricao,
        "em": row.raised_at,
        "estado": "reconhecido" if row.state == AlertState.ACKNOWLEDGED else "aberto",
        "nivel": row.level,
        "proximo_contato_em": row.next_at if row.level else None,
        "reconhecido_por": row.acknowledged_by,
        "reconhecido_em": row.acknowledged_at,
        "nota": row.nota,
    }


def task_view(row: TaskRow, alerts: Sequence[AlertRow]) -> dict[str, Any]:
    """The body of a status answer."""
    result = decided(row.result, row)
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
        "alerts": [alert_view(alert) for alert in alerts],
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
