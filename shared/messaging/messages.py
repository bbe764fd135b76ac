"""What travels on `eventos`: our own hints (ids only) and other systems' plain JSON."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pika

from shared.errors import MessageRejected

Properties = pika.BasicProperties

_MAX_EXTERNAL_ID = 256
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class OwnMessage:
    """A hint that a row is due; the row holds everything else."""

    task_id: str
    event: str


@dataclass(frozen=True, slots=True)
class ForeignMessage:
    """Work that another hospital system put on the queue itself, data included."""

    event: str
    payload: dict[str, Any]
    external_id: str | None
    reply_to: str | None


def encode(task_id: str, event: str, attempt: int) -> bytes:
    """The body of an own message. Ids and event names need no escaping."""
    return f'{{"task_id":"{task_id}","event":"{event}","attempt":{attempt}}}'.encode()


def properties(task_id: str, domain: str, event: str, traceparent: str | None) -> pika.BasicProperties:
    """Persistent, with CloudEvents and W3C trace headers."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": task_id,
        "ce-type": f"plantao.{domain}.{event}",
        "ce-source": f"/api/{domain}",
    }
    if traceparent:
        headers["traceparent"] = traceparent
    return pika.BasicProperties(
        content_type="application/json", delivery_mode=2, message_id=task_id, app_id="plantao", headers=headers
    )


def event_properties(event_id: str, kind: str, domain: str, task_id: str, at: datetime) -> pika.BasicProperties:
    """For a CloudEvent that tells others what happened; `event_id` is the same at every attempt."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-type": kind,
        "ce-source": f"/api/{domain}",
        "ce-subject": task_id,
        "ce-time": at.isoformat(),
    }
    return pika.BasicProperties(
        content_type="application/json", delivery_mode=2, message_id=event_id, app_id="plantao", headers=headers
    )


def rejected_properties(rejected_id: str, reason: str) -> pika.BasicProperties:
    """For the copy of a message that nobody understood: its row's id, and the stable reason as `x-motivo`."""
    return pika.BasicProperties(delivery_mode=2, message_id=rejected_id, headers={"x-motivo": reason})


def decode(body: bytes, message_id: str | None) -> OwnMessage | ForeignMessage:
    """Understand a body. Raises MessageRejected with a stable reason, never with a value from the body."""
    message = _object(body)
    event = message.get("event", message.get("tipo"))
    if not isinstance(event, str):
        raise MessageRejected("no_event", "falta 'event' (ou 'tipo'), um texto com o nome do evento")
    payload = message.get("payload", message.get("dados"))
    task_id = message.get("task_id")
    if payload is None and isinstance(task_id, str):
        return OwnMessage(_checked(task_id, "task_id"), event)
    if not isinstance(payload, dict):
        raise MessageRejected("no_payload", "falta 'payload' (ou 'dados'), um objeto com os campos do evento")
    return ForeignMessage(
        event,
        payload,
        _name(message.get("id"), "id") or _name(message_id, "message_id"),
        _name(message.get("reply_to"), "reply_to"),
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise MessageRejected("not_json", "o corpo não é JSON em UTF-8") from error
    if not isinstance(message, dict):
        raise MessageRejected("not_object", "o corpo é JSON, mas não um objeto")
    return message


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _name(value: object, field: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise MessageRejected("bad_id", f"'{field}' deve ser um texto")
    return _checked(str(value), field)


def _checked(text: str, field: str) -> str:
    """A name that every store can keep: PostgreSQL holds no NUL, UTF-8 no lone surrogate."""
    if not text or len(text) > _MAX_EXTERNAL_ID or not text.isprintable():
        raise MessageRejected("bad_id", f"'{field}' deve ter de 1 a {_MAX_EXTERNAL_ID} caracteres visíveis")
    return text


def traceparent(value: object) -> str | None:
    """The W3C trace header as it came, or None where it is none."""
    return value if isinstance(value, str) and _TRACEPARENT.fullmatch(value) else None


def dumps(message: dict[str, Any]) -> bytes:
    """JSON of a message that may hold dates, decimals, UUIDs and bytes; request models read each of them back."""
    return json.dumps(message, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: object) -> str:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} has no JSON form")
