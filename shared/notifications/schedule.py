"""When the next contact is called, and when a failed delivery is tried again. Pure: the caller knows the time."""

from __future__ import annotations

import random
from collections.abc import Sequence

_JITTER = 0.1


def contact_at(chain: Sequence[str], level: int, rounds: int) -> str:
    """Who is called at `level` (0 is the first call): the chain `rounds` times over, then its last one for good."""
    return chain[level % len(chain)] if level < len(chain) * rounds else chain[-1]


def pause_after(level: int, pauses: Sequence[float]) -> float:
    """Seconds from the call at `level` to the next one; the last pause repeats."""
    return pauses[min(level, len(pauses) - 1)]


def retry_after(failures: int, pauses: Sequence[float]) -> float | None:
    """Seconds until the next attempt after so many failed ones, up to a tenth longer; None: give up."""
    if failures > len(pauses):
        return None
    return pauses[failures - 1] * random.uniform(1, 1 + _JITTER)
