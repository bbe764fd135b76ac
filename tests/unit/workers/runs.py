"""What a delivery and its answers look like from outside."""

from __future__ import annotations

import json
from typing import Any

from workers.delivery import Delivery


class Answers(list[bool]):
    """Every answer that the engine got, in order: True for an ack."""

    def delivery(self, body: bytes | dict[str, Any], message_id: str | None = None) -> Delivery:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Delivery(raw, message_id, None, self.append)
