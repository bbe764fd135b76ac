"""The store's clock under the test's control: leases and back-offs end without anybody waiting for them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from shared import clock
from shared.notifications import outbox
from shared.tasks import (
    acceptance,
    alerts,
    claiming,
    commands,
    delivering,
    finding,
    fleet,
    leases,
    publishing,
    rejected,
    settling,
    timeline,
)

_CLOCKED = (
    acceptance,
    alerts,
    claiming,
    commands,
    delivering,
    finding,
    fleet,
    leases,
    outbox,
    publishing,
    rejected,
    settling,
    timeline,
)


class StoreClock:
    """Runs `ahead` seconds before the real one; only ever goes forward."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead = timedelta()
        for module in _CLOCKED:
            monkeypatch.setattr(module, "now", self.now)

    def now(self) -> datetime:
        return clock.now() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
