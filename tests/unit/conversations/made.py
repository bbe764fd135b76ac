"""Messages for tests that need no store."""

from __future__ import annotations

from typing import Any

from shared.clock import now
from shared.conversations.records import Message


def message(seq: int, role: str, content: str, **columns: Any) -> Message:
    """One message of a branch; what a test does not name is null."""
    values = dict.fromkeys(Message.__slots__) | {
        "id": f"m{seq}",
        "conversation_id": "c1",
        "tenant": "default",
        "client": "anonymous",
        "seq": seq,
        "role": role,
        "content": content,
        "status": "complete",
        "created_at": now(),
    }
    return Message(**(values | columns))  # type: ignore[arg-type]
