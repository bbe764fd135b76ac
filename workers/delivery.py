"""One message in hand, and the promise that it is answered at most once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Delivery:
    """`answer(ack)` belongs to the engine: it crosses to the I/O thread and knows if the channel still lives."""

    body: bytes
    message_id: str | None
    traceparent: str | None
    answer: Callable[[bool], None]
    verdict: bool | None = None  # what `Execution.process` said, for engines that answer later
    _answered: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ack(self) -> None:
        """The outcome is committed: the broker may forget the message."""
        self._once(True)

    def requeue(self) -> None:
        """Nothing was decided: somebody else must see the message."""
        self._once(False)

    def _once(self, ack: bool) -> None:
        with self._lock:
            if self._answered:
                return
            self._answered = True
        self.answer(ack)
