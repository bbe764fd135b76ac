"""How long to wait before the same deployment is asked again, and when waiting is not worth it."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds. A provider that asks for more patience than there is costs a fallback, not a wait."""

    base_s: float = 0.25
    cap_s: float = 4.0
    patience_s: float = 2.0  # where another deployment may answer instead
    last_patience_s: float = 10.0  # where none is left

    def pause(self, retry: int, retry_after: float | None) -> float:
        """Before retry number `retry` (from 0): what the provider asked for, else exponential with jitter."""
        if retry_after is not None:
            return retry_after
        return min(self.cap_s, self.base_s * 2.0**retry) * random.uniform(0.5, 1.0)

    def bears(self, pause: float, *, last: bool) -> bool:
        """Whether so long a wait is better than going on without this deployment."""
        return pause <= (self.last_patience_s if last else self.patience_s)
