"""problem+json (RFC 9457): the only place that turns errors into HTTP.

A problem names the field and the reason, never the value (SECURITY 13).
"""

from __future__ import annotations

from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.errors import InvalidField, PlantaoError, ServiceUnavailable, UnusableDocument
from shared.field_paths import field_path
from shared.validation import invalid_field, reason_of

_log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"
_TYPE_PREFIX = "urn:plantao:problema:"


def problem(error: PlantaoError) -> Response:
    """The HTTP answer to one of our errors."""
    body: dict[str, Any] = {
        "type": _TYPE_PREFIX + error.slug,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    headers: dict[str, str] = {}
    if isinstance(error, UnusableDocument):
        body["errors"] = [{"field": place, "code": code, "reason": reason} for place, code, reason in error.items]
        body["mapeamento"] = error.report
    elif isinstance(error, InvalidField):
        body["errors"] = [{"field": field, "reason": reason} for field, reason in error.fields]
    if isinstance(error, ServiceUnavailable):
        headers["Retry-After"] = str(error.retry_after)
    return Response(orjson.dumps(body), error.status, headers, PROBLEM_JSON)


def install(app: FastAPI) -> None:
    """Answer every failure of `app` with problem+json."""
    app.add_exception_handler(PlantaoError, _on_ours)
    app.add_exception_handler(ValidationError, _on_validation)
    app.add_exception_handler(RequestValidationError, _on_parameters)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_unexpected)


async def _on_ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, PlantaoError)
    return problem(error)


async def _on_validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)
    return problem(invalid_field(error))


async def _on_parameters(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(InvalidField([(field_path(item["loc"][1:]), reason_of(item)) for item in error.errors()]))


async def _on_http(_request: Request, error: Exception) -> Response:
    """Starlette's own refusals: unknown path, method not allowed."""
    assert isinstance(error, HTTPException)
    slugs = {404: ("not-found", "Não encontrado"), 405: ("method-not-allowed", "Método não aceito aqui")}
    slug, title = slugs.get(error.status_code, ("http-error", "Requisição recusada"))
    body = {"type": _TYPE_PREFIX + slug, "title": title, "status": error.status_code, "detail": title}
    return Response(orjson.dumps(body), error.status_code, dict(error.headers or {}), PROBLEM_JSON)


async def _on_unexpected(request: Request, error: Exception) -> Response:
    _log.error("unexpected_error", method=request.method, path=_route(request), exception=type(error).__name__)
    return problem(PlantaoError("erro inesperado; a equipe vê o registro com este horário"))


def _route(request: Request) -> str:
    """The route's template, not the path: a path may carry an identifier."""
    return str(getattr(request.scope.get("route"), "path", "?"))
