"""What goes wrong below /v1, in OpenAI's shape: `{"error": {message, type, param, code}}`.

Official clients repeat 408, 409, 429 and everything from 500 on by themselves. Where a repetition changes nothing,
`x-should-retry: false` stops them.
"""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response
from uuid_utils import uuid7

from shared.errors import (
    CallerError,
    InvalidField,
    ModelRefused,
    PlantaoError,
)
from shared.llm.errors import ParameterRefused

PREFIX = "/v1"
_JSON = "application/json"
_TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
}
# Where OpenAI has a code for it, clients look for that one.
_CODES = {
    "unknown-model": "model_not_found",
    "parameter-refused": "unsupported_parameter",
    "context-overflow": "context_length_exceeded",
    "budget-exhausted": "insufficient_quota",
    "malformed-body": "invalid_json",
    "body-too-large": "request_too_large",
    "prompt-too-large": "request_too_large",
    "rate-limited": "rate_limit_exceeded",
}


class RequestRefused(CallerError):
    """One parameter is wrong: `param` is its place in the body, `code` what is wrong with it. No value in either."""

    def __init__(self, message: str, param: str | None, code: str) -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class CrewTaskFailed(PlantaoError):
    """A crew's task ended without a result, or has not ended yet; `task` says where to look it up."""

    def __init__(self, message: str, status: int, code: str, task: dict[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.task = task


def speaks_openai(path: str) -> bool:
    """Whether a path, known or not, lies below /v1."""
    return path == PREFIX or path.startswith(PREFIX + "/")


def request_id(request: Request) -> str:
    """One id for a request, its answer, its error and its rows in the ledger."""
    if not hasattr(request.state, "openai_request_id"):
        request.state.openai_request_id = str(uuid7())
    found: str = request.state.openai_request_id
    return found


def answer(request: Request, error: PlantaoError, waiting: dict[str, str]) -> Response:
    """The HTTP answer to one of our errors; `waiting`: headers that say when to come back, where that is known."""
    headers = {"x-request-id": request_id(request)} | _retrying(error) | waiting
    return Response(orjson.dumps(body(error)), _status(error), headers, _JSON)


def answer_http(request: Request, status: int, message: str, headers: dict[str, str]) -> Response:
    """Starlette's own refusals: unknown path, method not allowed."""
    code = {404: "unknown_url", 405: "method_not_allowed"}.get(status, "http_error")
    content = {"error": {"message": message, "type": _type(status), "param": None, "code": code}}
    return Response(orjson.dumps(content), status, headers | {"x-request-id": request_id(request)}, _JSON)


def body(error: PlantaoError) -> dict[str, Any]:
    """What a client finds under `error`, in an answer or in the middle of a stream."""
    content: dict[str, Any] = {
        "message": _message(error),
        "type": _type(_status(error)),
        "param": _param(error),
        "code": _code(error),
    }
    if isinstance(error, CrewTaskFailed):
        content["plantao"] = error.task
    return {"error": content}


def _status(error: PlantaoError) -> int:
    """OpenAI answers 400 where the rest of this house answers 422."""
    return 400 if isinstance(error, InvalidField) else error.status


def _message(error: PlantaoError) -> str:
    text = f"{error.title}: {error.detail}" if error.detail and error.title != error.detail else error.title
    return error.detail if isinstance(error, RequestRefused | CrewTaskFailed) else text


def _type(status: int) -> str:
    return _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")


def _param(error: PlantaoError) -> str | None:
    if isinstance(error, RequestRefused):
        return error.param
    if isinstance(error, ParameterRefused):
        return error.parameter
    if isinstance(error, InvalidField):
        return error.fields[0][0]
    return "model" if error.slug == "unknown-model" else None


def _code(error: PlantaoError) -> str:
    if isinstance(error, RequestRefused | CrewTaskFailed):
        return error.code
    return _CODES.get(error.slug, error.slug.replace("-", "_"))


def _retrying(error: PlantaoError) -> dict[str, str]:
    if isinstance(error, ModelRefused):
        return {"x-should-retry": "false"}
    if isinstance(error, CrewTaskFailed):
        # To wait again for the same task is harmless; to ask for an ended one is useless.
        return {"Retry-After": "1"} if error.status == 504 else {"x-should-retry": "false"}
    return {}
