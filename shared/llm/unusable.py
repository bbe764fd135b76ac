"""What the gateway itself finds wrong with an attempt; a provider's exceptions are read by `failures.classify`."""

from __future__ import annotations

from shared.llm.failures import FaultKind


class Unusable(Exception):
    """No answer in time, or one that is none. Never leaves the attempt."""

    def __init__(self, kind: FaultKind) -> None:
        super().__init__(kind)
        self.kind = kind
