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

from shared.errors import CallerError, InvalidField, MalformedBody, PlantaoError, ServiceUnavailable
from shared.field_paths import field_path

_log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"
_TYPE_PREFIX = "urn:plantao:problema:"

# Pydantic's own messages sometimes quote the input; these never do. `{…}` are limits from the model.
_REASONS = {
    "missing": "campo obrigatório",
    "extra_forbidden": "campo desconhecido",
    "string_type": "deve ser um texto",
    "string_too_short": "deve ter ao menos {min_length} caracteres",
    "string_too_long": "deve ter no máximo {max_length} caracteres",
    "string_pattern_mismatch": "formato inválido",
    "literal_error": "deve ser um de: {expected}",
    "enum": "deve ser um de: {expected}",
    "bool_type": "deve ser verdadeiro ou falso",
    "bool_parsing": "deve ser verdadeiro ou falso",
    "int_type": "deve ser um número inteiro",
    "int_parsing": "deve ser um número inteiro",
    "int_from_float": "deve ser um número inteiro",
    "decimal_type": "deve ser um número",
    "decimal_parsing": "deve ser um número",
    "decimal_max_digits": "tem dígitos demais",
    "decimal_max_places": "tem casas decimais demais",
    "finite_number": "deve ser um número finito",
    "float_type": "deve ser um número",
    "float_parsing": "deve ser um número",
    "greater_than": "deve ser maior que {gt}",
    "greater_than_equal": "deve ser maior ou igual a {ge}",
    "less_than": "deve ser menor que {lt}",
    "less_than_equal": "deve ser menor ou igual a {le}",
    "list_type": "deve ser uma lista",
    "too_short": "deve ter ao menos {min_length} itens",
    "too_long": "deve ter no máximo {max_length} itens",
    "model_type": "deve ser um objeto",
    "model_attributes_type": "deve ser um objeto",
    "dict_type": "deve ser um objeto",
    "date_type": "deve ser uma data AAAA-MM-DD",
    "date_parsing": "deve ser uma data AAAA-MM-DD",
    "date_from_datetime_parsing": "deve ser uma data AAAA-MM-DD",
    "date_from_datetime_inexact": "deve ser uma data AAAA-MM-DD, sem hora",
    "datetime_type": "deve ser data e hora ISO 8601 com fuso",
    "datetime_parsing": "deve ser data e hora ISO 8601 com fuso",
    "datetime_from_date_parsing": "deve ser data e hora ISO 8601 com fuso",
    "timezone_aware": "deve trazer o fuso horário",
}


def invalid_field(error: ValidationError) -> CallerError:
    """A request model's refusal as our own error."""
    details = error.errors(include_url=False, include_input=False)
    if details and details[0]["type"] == "json_invalid":
        return MalformedBody("o corpo não é JSON válido ou é profundo demais")
    return InvalidField([(field_path(item["loc"]), _reason(item)) for item in details[:50]])


def _reason(item: Any) -> str:
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    template = _REASONS.get(item["type"], "valor inválido")
    return template.format_map(_Limits(item.get("ctx") or {}))


class _Limits(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def problem(error: PlantaoError) -> Response:
    """The HTTP answer to one of our errors."""
    body: dict[str, Any] = {
        "type": _TYPE_PREFIX + error.slug,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    headers: dict[str, str] = {}
    if isinstance(error, InvalidField):
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
    return problem(InvalidField([(field_path(item["loc"][1:]), _reason(item)) for item in error.errors()]))


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
