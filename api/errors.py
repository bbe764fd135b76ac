"""problem+json (RFC 9457), and below /v1 OpenAI's own shape: the only place that turns errors into HTTP.

A problem names the field and the reason, never the value (SECURITY 13).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.openai import errors as openai_errors
from api.rate_headers import refused_headers
from shared.errors import (
    InvalidField,
    ModelUnavailable,
    PlantaoError,
    RateLimited,
    ServiceUnavailable,
    UnusableDocument,
)
from shared.field_paths import field_path
from shared.llm.errors import BudgetExhausted, ParameterRefused
from shared.validation import invalid_field, reason_of

_log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"
_TYPE_PREFIX = "urn:plantao:problema:"
_MODEL_RETRY_AFTER_S = 5  # of models that named no time themselves


def problem(error: PlantaoError) -> Response:
    """The HTTP answer to one of our errors."""
    body: dict[str, Any] = {
        "type": _TYPE_PREFIX + error.slug,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    if isinstance(error, UnusableDocument):
        body["errors"] = [{"field": place, "code": code, "reason": reason} for place, code, reason in error.items]
        body["mapeamento"] = error.report
    elif isinstance(error, InvalidField):
        body["errors"] = [{"field": field, "reason": reason} for field, reason in error.fields]
    elif isinstance(error, ParameterRefused):
        body["parameter"] = error.parameter
    elif isinstance(error, BudgetExhausted):
        body["resets_at"] = error.resets_at
    return Response(orjson.dumps(body), error.status, _waiting(error), PROBLEM_JSON)


def _retry_after(error: PlantaoError) -> int | None:
    """Whole seconds after which the same request may do better; None: it never will."""
    if isinstance(error, ServiceUnavailable | RateLimited):
        return error.retry_after
    if isinstance(error, BudgetExhausted):
        return max(1, math.ceil((error.resets_at - datetime.now(UTC)).total_seconds()))
    if isinstance(error, ModelUnavailable):
        wait = error.retry_after
        return _MODEL_RETRY_AFTER_S if wait is None else max(1, math.ceil(wait))
    return None


def _waiting(error: PlantaoError) -> dict[str, str]:
    wait = _retry_after(error)
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return headers | refused_headers(error) if isinstance(error, RateLimited) else headers


def install(app: FastAPI) -> None:
    """Answer every failure of `app` in the shape that its path promises."""
    app.add_exception_handler(PlantaoError, _on_ours)
    app.add_exception_handler(ValidationError, _on_validation)
    app.add_exception_handler(RequestValidationError, _on_parameters)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_unexpected)


def _answer(request: Request, error: PlantaoError) -> Response:
    """In the words of whoever asks: OpenAI's clients read no problem+json."""
    if openai_errors.speaks_openai(request.url.path):
        return openai_errors.answer(request, error, _waiting(error))
    return problem(error)


async def _on_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, PlantaoError)
    return _answer(request, error)


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)
    return _answer(request, invalid_field(error))


async def _on_parameters(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [(field_path(item["loc"][1:]), reason_of(item)) for item in error.errors()]
    return _answer(request, InvalidField(faults))


async def _on_http(request: Request, error: Exception) -> Response:
    """Starlette's own refusals: unknown path, method not allowed."""
    assert isinstance(error, HTTPException)
    slugs = {404: ("not-found", "Não encontrado"), 405: ("method-not-allowed", "Método não aceito aqui")}
    slug, title = slugs.get(error.status_code, ("http-error", "Requisição recusada"))
    if openai_errors.speaks_openai(request.url.path):
        return openai_errors.answer_http(request, error.status_code, title, dict(error.headers or {}))
    body = {"type": _TYPE_PREFIX + slug, "title": title, "status": error.status_code, "detail": title}
    return Response(orjson.dumps(body), error.status_code, dict(error.headers or {}), PROBLEM_JSON)


async def _on_unexpected(request: Request, error: Exception) -> Response:
    _log.error("unexpected_error", method=request.method, path=_route(request), exception=type(error).__name__)
    return _answer(request, PlantaoError("erro inesperado; a equipe vê o registro com este horário"))


def _route(request: Request) -> str:
    """The route's template, not the path: a path may carry an identifier."""
    return str(getattr(request.scope.get("route"), "path", "?"))
