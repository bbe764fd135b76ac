"""One router per domain, built from what the domain declares about itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import status
from api.bodies import parse, read_body
from api.dependencies import AppParts, CurrentCaller, current_caller, parts_of
from api.views import Problem, TaskAccepted, TaskView, accepted
from shared.domain import Domain, Event
from shared.errors import InvalidField

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_PATH_FIELD = re.compile(r"{(\w+)}")
PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "content": {"application/problem+json": {}}} for code in (400, 409, 413, 415, 422, 503)
}


def build(domain: Domain, prefix: str) -> APIRouter:
    """Every endpoint of one domain: a POST per event and the status of its tasks."""
    router = APIRouter(prefix=prefix, tags=[domain.title])
    for event in domain.events:
        _add_event(router, domain, event, prefix)
    _add_status(router, domain)
    return router


def _add_event(router: APIRouter, domain: Domain, event: Event, prefix: str) -> None:
    endpoint = _endpoint(domain, event, prefix)
    canonical = "/" + event.path
    twin = canonical.rstrip("/") if canonical.endswith("/") else canonical + "/"
    router.add_api_route(
        canonical,
        endpoint,
        methods=["POST"],
        status_code=202,
        name=f"{domain.key}.{event.name}",
        summary=event.summary,
        description=event.request.__doc__,
        response_model=None,
        responses={202: {"model": TaskAccepted, "description": "Aceito e durável"}, **PROBLEMS},
        openapi_extra=_documented_request(event),
    )
    router.add_api_route(twin, endpoint, methods=["POST"], include_in_schema=False, response_model=None)


def _endpoint(domain: Domain, event: Event, prefix: str) -> Callable[[Request], Awaitable[Response]]:
    path_fields = _PATH_FIELD.findall(event.path)

    async def accept_event(request: Request) -> Response:
        parts = parts_of(request)
        caller = current_caller()
        body = await read_body(request, parts.settings.api.api_max_body_bytes)
        model, payload = parse(event, body, {name: request.path_params[name] for name in path_fields})
        key = _idempotency_key(request.headers.get("idempotency-key"), model)
        task = parts.submission.new_task(
            domain.key,
            event.name,
            payload,
            tenant=caller.tenant,
            client=caller.client,
            idempotency_key=key,
            body_hash=hashlib.sha256(f"{event.name} {model.model_dump_json()}".encode()).hexdigest() if key else "",
            traceparent=_traceparent(request.headers.get("traceparent")),
        )
        answer = await parts.submission.accept(task)
        return accepted(answer.task_id, answer.status, f"{prefix}/status/{answer.task_id}")

    return accept_event


def _add_status(router: APIRouter, domain: Domain) -> None:
    @router.get(
        "/status/{task_id}",
        name=f"{domain.key}.status",
        summary="Situação e resultado de uma tarefa",
        response_model=None,
        responses={
            200: {"model": TaskView},
            304: {"description": "Nada mudou desde o ETag informado"},
            **{code: PROBLEMS[code] for code in (422, 503)},
            404: {"model": Problem, "content": {"application/problem+json": {}}},
        },
    )
    async def task_status(
        request: Request,
        task_id: str,
        parts: AppParts,
        caller: CurrentCaller,
        wait: Annotated[int, Query(ge=0, le=30, description="Segundos a esperar por uma mudança")] = 0,
    ) -> Response:
        return await status.answer(request, parts, caller, task_id, domain.key, wait)


def _idempotency_key(header: str | None, model: Any) -> str | None:
    """The header, bare or quoted, else the body's own field. Raises InvalidField."""
    key = header.strip().strip('"') if header is not None else getattr(model, "idempotency_key", None)
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidField([("Idempotency-Key", "de 1 a 255 caracteres ASCII visíveis")])
    return key


def _traceparent(header: str | None) -> str | None:
    return header if header and _TRACEPARENT.fullmatch(header) else None


def _documented_request(event: Event) -> dict[str, Any]:
    """The request body, path and headers, which the endpoint reads itself and FastAPI therefore cannot see."""
    parameters: list[dict[str, Any]] = [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
        }
    ]
    for name in _PATH_FIELD.findall(event.path):
        schema = event.request.model_json_schema()["properties"][name]
        parameters.append(
            {"name": name, "in": "path", "required": True, "schema": schema, "example": event.path_example[name]}
        )
    reference = {"$ref": f"#/components/schemas/{event.request.__name__}"}
    content = {"application/json": {"schema": reference, "example": event.example}}
    return {"parameters": parameters, "requestBody": {"required": True, "content": content}}
