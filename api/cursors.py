"""Where a page of a list ended: the moment and id of its last row, opaque to the caller."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from shared.errors import InvalidField

_BAD_CURSOR = [("cursor", "use o next_cursor da página anterior")]


def encoded(moment: datetime, identifier: str) -> str:
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {identifier}".encode()).decode()


def decoded(cursor: str) -> tuple[datetime, str]:
    """What `encoded` was given. Raises InvalidField."""
    try:
        written, _, identifier = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        moment = datetime.fromisoformat(written)
    except (ValueError, binascii.Error) as error:
        raise InvalidField(_BAD_CURSOR) from error
    if moment.tzinfo is None or not identifier.isprintable():
        raise InvalidField(_BAD_CURSOR)
    return moment, identifier
