"""What a consumer process asks of an engine: turn deliveries into calls of `process`, on bounded threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from workers.delivery import Delivery

Process = Callable[[Delivery], bool]
"""True: the outcome is committed, acknowledge. False: undecided, give it back."""


class Engine(Protocol):
    """One consumer. `run` blocks until `stop`; `drain` waits for what is in hand; `close` lets go of the broker."""

    name: str

    def run(self) -> None: ...

    def stop(self) -> None: ...

    def drain(self, deadline_s: float) -> None: ...

    def close(self) -> None: ...
