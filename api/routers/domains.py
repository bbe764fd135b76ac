"""The endpoints of every domain, built from what the domain declares about itself.

Events are plain Starlette routes: they read and validate their body themselves, so FastAPI's own handling would
only cost time (it halved the rate of accepting). `api/documentation.py` describes them in the OpenAPI document.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from starlette.responses import Response
from starlette.routing import Route

from api import status
from api.bodies import parse, read_body
from api.dependencies import AppParts, CurrentCaller, TaskId, current_caller, parts_of
from api.metrics import ACCEPTED
from api.views import PROBLEMS, TaskView, accepted
from shared.domain import Domain, Event
from shared.errors import InvalidField

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def install(app: FastAPI, domain: Domain, prefix: str) -> None:
    """Add a POST per event, with or without a trailing slash, and the status of the domain's tasks."""
    for event in domain.events:
        endpoint = _endpoint(domain, event, prefix)
        path = f"{prefix}/{event.path}".rstrip("/")
        for spelling in (path, path + "/"):
            app.router.routes.append(Route(spelling, endpoint, methods=["POST"], name=f"{domain.key}.{event.name}"))
    app.include_router(_status_router(domain, prefix))


def _endpoint(domain: Domain, event: Event, prefix: str) -> Callable[[Request], Awaitable[Response]]:
    path_fields = event.path_fields
    count = ACCEPTED.labels(domain.key, event.name).inc

    async def accept_event(request: Request) -> Response:
        parts = parts_of(request)
        caller = current_caller()
        headers: dict[bytes, bytes] = dict(request.scope["headers"])
        body = await read_body(request, headers, parts.settings.api.api_max_body_bytes)
        model, payload = parse(event, body, {name: request.path_params[name] for name in path_fields})
        key = _idempotency_key(headers.get(b"idempotency-key"), model)
        task = parts.submission.new_task(
            domain.key,
            event.name,
            payload,
            tenant=caller.tenant,
            client=caller.client,
            idempotency_key=key,
            body_hash=hashlib.sha256(f"{event.name} {model.model_dump_json()}".encode()).hexdigest() if key else "",
            traceparent=_traceparent(headers.get(b"traceparent")),
        )
        answer = await parts.submission.accept(task)
        count()
        return accepted(answer.task_id, answer.status, f"{prefix}/status/{answer.task_id}")

    return accept_event


def _status_router(domain: Domain, prefix: str) -> APIRouter:
    router = APIRouter(prefix=prefix, tags=[domain.title])

    @router.get(
        "/status/{task_id}",
        name=f"{domain.key}.status",
        summary="Situação e resultado de uma tarefa",
        response_model=None,
        responses={
            200: {"model": TaskView},
            304: {"description": "Nada mudou desde o ETag informado"},
            **{code: PROBLEMS[code] for code in (404, 422, 503)},
        },
    )
    async def task_status(
        request: Request,
        task_id: TaskId,
        parts: AppParts,
        caller: CurrentCaller,
        wait: Annotated[int, Query(ge=0, le=30, description="Segundos a esperar por uma mudança")] = 0,
    ) -> Response:
        return await status.answer(request, parts, caller, task_id, domain.key, wait)

    return router


def _idempotency_key(header: bytes | None, model: Any) -> str | None:
    """The header, bare or quoted, else the body's own field. Raises InvalidField."""
    key = header.decode("latin-1").strip().strip('"') if header is not None else getattr(model, "idempotency_key", None)
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidField([("Idempotency-Key", "de 1 a 255 caracteres ASCII visíveis")])
    return key


def _traceparent(header: bytes | None) -> str | None:
    return header.decode() if header and _TRACEPARENT.fullmatch(header) else None
