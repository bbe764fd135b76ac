"""What makes a request the same one again: in whose name its key counts, and what must be equal under it."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel

from shared.domain import Event

ANY_DOOR = "*"
"""The scope of a key that a message brings itself, whichever door it comes through and whoever carries it.

A message names its sender, and an interface engine may turn from HTTP to MLLP in the middle of a repetition. No client
is called that: keys that callers choose stay each caller's own.
"""


def request_content(event: Event, request: BaseModel) -> str:
    """Hash of a request as it was validated."""
    return _hashed(event, request.model_dump_json())


def message_content(event: Event, request: BaseModel, content: str) -> str:
    """Hash of a message whose own hash, without its header, is `content`; and of what its address added to it."""
    return _hashed(event, *(f"{name}={getattr(request, name)}" for name in event.path_fields), content)


def _hashed(event: Event, *parts: str) -> str:
    return hashlib.sha256(" ".join((event.name, *parts)).encode()).hexdigest()
