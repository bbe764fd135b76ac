"""What the headers of a request say about the work that it brings."""

from __future__ import annotations

import re

from shared.errors import InvalidField

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def idempotency_key(headers: dict[bytes, bytes], otherwise: str | None = None) -> str | None:
    """The header, bare or quoted; without one `otherwise`, the body's own field. Raises InvalidField."""
    header = headers.get(b"idempotency-key")
    key = header.decode("latin-1").strip().strip('"') if header is not None else otherwise
    if key is not None and not _KEY.fullmatch(key):
        field = "idempotency_key" if header is None else "Idempotency-Key"
        raise InvalidField([(field, "de 1 a 255 caracteres ASCII visíveis")])
    return key


def traceparent(headers: dict[bytes, bytes]) -> str | None:
    """The caller's trace (W3C), where it is well-formed."""
    header = headers.get(b"traceparent")
    return header.decode() if header and _TRACEPARENT.fullmatch(header) else None
