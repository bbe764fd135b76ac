"""Reading the body of a chat request: what it asks, or which parameter is wrong. Never quotes a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request
from pydantic import ValidationError

from api.bodies import NATIVE_TYPES, media_type, read_body
from api.openai.errors import RequestRefused
from api.openai.messages import forwarded
from api.openai.parameters import refuse_what_no_answer_honours, to_forward
from api.openai.request import ChatCompletionRequest
from shared.errors import MalformedBody, UnsupportedMedia
from shared.field_paths import field_path
from shared.llm.contract import ChatRequest
from shared.validation import reason_of

_INDEX = re.compile(r"\.([0-9]+)")
_CODES = {"extra_forbidden": "unknown_parameter", "missing": "missing_required_parameter"}
_OWN_KEYS = {"metadata", "logit_bias"}
_PARTS = "partes aceitas: text e, do usuário, image_url em linha (data:)"


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked request: `typed` for reading, `raw` as the caller wrote it."""

    typed: ChatCompletionRequest
    raw: dict[str, Any]

    def for_gateway(self) -> ChatRequest:
        """Raises ParameterRefused for what this house never honours."""
        refuse_what_no_answer_honours(self.typed)
        messages = [forwarded(message) for message in self.raw["messages"]]
        return ChatRequest(messages, self.raw.get("tools") or [], self.typed.model, to_forward(self.raw))


async def read_chat(request: Request, limit: int) -> Asked:
    """Raises RequestRefused, MalformedBody, BodyTooLarge or UnsupportedMedia."""
    headers: dict[bytes, bytes] = dict(request.scope["headers"])
    if media_type(headers) not in NATIVE_TYPES:
        raise UnsupportedMedia("envie o corpo como application/json")
    return checked(await read_body(request, headers, limit))


def checked(body: bytes) -> Asked:
    """Raises RequestRefused or MalformedBody."""
    raw = _parsed(body)
    try:
        return Asked(ChatCompletionRequest.model_validate(raw), raw)
    except ValidationError as error:
        raise _refused(error, raw) from None


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError:
        raw = None
    if not isinstance(raw, dict):
        raise MalformedBody("o corpo deve ser um objeto JSON em UTF-8, sem profundidade excessiva")
    return raw


def _refused(error: ValidationError, raw: dict[str, Any]) -> RequestRefused:
    """The first fault in OpenAI's words, as `messages[0].content`."""
    fault = error.errors(include_url=False, include_input=False)[0]
    param = _INDEX.sub(r"[\1]", field_path(_place(fault["loc"], raw)))
    reason = _reason(fault, param)
    return RequestRefused(f"{param}: {reason}", param, _CODES.get(fault["type"], "invalid_value"))


def _reason(fault: Any, param: str) -> str:
    if fault["type"] in ("union_tag_invalid", "literal_error") and ".content" in param:
        return _PARTS
    if fault["type"] == "union_tag_invalid":
        return f"deve ser um de: {fault['ctx']['expected_tags']}"
    return reason_of(fault)


def _place(location: tuple[int | str, ...], raw: Any) -> list[int | str]:
    """The location without pydantic's own words (the names of a union's members), which no body holds, and without
    keys that are the caller's own.
    """
    if location[0] in _OWN_KEYS:
        return [location[0]]
    here, place = raw, list[int | str]()
    for index, part in enumerate(location):
        last = index == len(location) - 1
        if isinstance(here, dict) and (part in here or last):
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            continue
        place.append(part)
    return place
