"""Reading a request's body once, within its limit."""

from __future__ import annotations

from typing import TypeVar

import orjson
from fastapi import Request
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from shared.domain import Event
from shared.errors import BodyTooLarge, InvalidField, MalformedBody, UnsupportedMedia

Model = TypeVar("Model", bound=BaseModel)

NATIVE_TYPES = (b"application/json", b"")
_UNCODED = (b"identity", b"")


def media_type(headers: dict[bytes, bytes]) -> bytes:
    """The Content-Type without its parameters, lower case; empty when none was sent."""
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower()


async def read_body(request: Request, headers: dict[bytes, bytes], limit: int) -> bytes:
    """The raw body. Raises BodyTooLarge as soon as the limit is passed, UnsupportedMedia for a compressed one."""
    if headers.get(b"content-encoding", b"").strip().lower() not in _UNCODED:
        raise UnsupportedMedia("corpo comprimido não é aceito: envie-o sem Content-Encoding")
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLarge(f"o limite é de {limit} bytes")
    body = b""
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            raise BodyTooLarge(f"o limite é de {limit} bytes")
    return body


async def read_json(request: Request, model: type[Model], limit: int) -> Model:
    """The body as `model`. Raises UnsupportedMedia, BodyTooLarge, or pydantic's ValidationError."""
    headers: dict[bytes, bytes] = dict(request.scope["headers"])
    if media_type(headers) not in NATIVE_TYPES:
        raise UnsupportedMedia("envie o corpo como application/json")
    return model.model_validate_json(await read_body(request, headers, limit))


def parse(event: Event, body: bytes, path_values: dict[str, str]) -> tuple[BaseModel, str]:
    """The validated request and the JSON text to keep.

    The text is the caller's own, so nothing is serialised again. Raises pydantic's ValidationError, MalformedBody,
    or InvalidField when the body repeats a field of the path.
    """
    if path_values:
        body = _merged(body, path_values)
    request = event.request.model_validate_json(body)
    return request, body.decode()


def _merged(body: bytes, path_values: dict[str, str]) -> bytes:
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedBody("o corpo não é JSON válido ou é profundo demais") from error
    if not isinstance(fields, dict):
        raise MalformedBody("o corpo deve ser um objeto JSON")
    repeated = [(name, "já está no endereço; não repita no corpo") for name in path_values if name in fields]
    if repeated:
        raise InvalidField(repeated)
    # Splice instead of dumping again: decimals keep the digits that the caller wrote.
    head = orjson.dumps(path_values)[:-1]
    inner = body.strip()[1:]
    return head + (b"," if fields else b"") + inner
