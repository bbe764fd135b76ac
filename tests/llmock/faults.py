"""What the mock provider does wrong, and for how many calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Fault = Literal[
    "400", "401", "403", "404", "429", "500", "503",
    "quota", "stall", "truncate", "bad_json", "no_choices", "empty", "no_finish", "length", "falsify", "uncited",
    "omit",
]  # fmt: skip
FAULTS: tuple[str, ...] = get_args(Fault)


@dataclass
class FaultPlan:
    """The first `calls` calls go wrong as `fault` says; all of them when `calls` is 0."""

    fault: Fault | None = None
    calls: int = 0
    retry_after: str | None = None

    def for_call(self, number: int) -> Fault | None:
        """`number` counts from 1."""
        return self.fault if self.calls == 0 or number <= self.calls else None
