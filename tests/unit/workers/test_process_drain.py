"""A consumer that is told to stop leaves nothing unpaid behind."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from shared.settings import load_settings
from workers import process
from workers.process import ConsumerProcess


def test_interrupted_model_calls_are_billed_before_the_process_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the run it ends by `os._exit`: whatever the gateway still owes then is never written."""
    happened = Mock()
    happened.execution.running = {}
    consumer = object.__new__(ConsumerProcess)
    for part in ("engine", "execution", "keeper", "commits", "database", "on_state"):
        setattr(consumer, f"_{part}", getattr(happened, part))
    consumer._config = load_settings()
    monkeypatch.setattr(process, "process_gateway", lambda: happened.gateway)
    consumer._drain()
    called = [name for name, *_ in happened.mock_calls]
    assert called.index("engine.close") < called.index("gateway.close") < called.index("database.close")
