"""The child of `workers.isolation`: one order on standard input, findings and outcome as lines on standard output."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from shared.errors import ExecutionError, StoreUnavailable
from shared.findings import Avaliacao
from shared.logging import configure_logging
from shared.settings import settings
from workers.attempt import DomainWork, perform


class _LonelyRun:
    """A `Run` whose parent does the bookkeeping: it kills this process when the attempt must stop."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.task_id: str = order["task_id"]
        self.attempt: int = order["attempt"]
        self.tenant: str = order["tenant"]
        self.client: str = order["client"]
        self._deadline = time.monotonic() + order["deadline_s"]

    def progress(self, done: int, total: int, agent: str) -> None:
        """Not reported from here."""

    def step(self, kind: str, **data: str | int | float | bool) -> None:
        """Not reported from here."""

    def check(self) -> None:
        """The parent interrupts by killing."""

    def remaining(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def on_interrupt(self, callback: Any) -> None:
        """The parent interrupts by killing."""


def main() -> None:
    """Work on the order and leave."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    sys.stdout = sys.stderr  # whatever a library prints must not look like an answer

    def say(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")

    order = json.load(sys.stdin)
    config = settings()
    configure_logging(config.platform, "isolated")
    work = DomainWork.load(config.domains, order["domain"])
    say({"ready": True})
    run = _LonelyRun(order)

    def keep(evaluation: Avaliacao) -> None:
        say({"findings": evaluation.model_dump(mode="json")})

    try:
        request = work.request(order["event"], order["payload"])
        say({"result": perform(work.handlers[order["event"]], request, run, keep)})
    except ExecutionError as error:
        say({"error": {"kind": _kind(error), "code": error.code, "detail": error.detail}})
    except StoreUnavailable as error:
        say({"error": {"kind": StoreUnavailable.__name__, "detail": error.detail}})
    except Exception as error:  # noqa: BLE001 - the parent must learn of every failure; its text may hold data
        detail = f"erro inesperado do tipo {type(error).__name__}"
        say({"error": {"kind": "ExecutionError", "code": ExecutionError.code, "detail": detail}})


def _kind(error: ExecutionError) -> str:
    """Its nearest class of `shared.errors`: all that the parent decides by."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "shared.errors")


if __name__ == "__main__":
    main()
