"""What a running task and its handler know of each other.

The worker supplies a `Run`; a domain supplies a `Handler` per event. Neither imports the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel

from shared.findings import Avaliacao


class Run(Protocol):
    """One attempt at one task, as a handler sees it. `tenant` and `client` asked for it, and pay for its models."""

    task_id: str
    attempt: int
    tenant: str
    client: str

    def progress(self, done: int, total: int, agent: str) -> None:
        """Tell the caller how far the work is. Never blocks."""

    def step(self, kind: str, **data: str | int | float | bool) -> None:
        """Write a line on the task's timeline (names, counts, durations; no patient data). Never blocks."""

    def check(self) -> None:
        """Raise `TaskCancelled` or `DeadlineExceeded` when the work should stop."""

    def remaining(self) -> float:
        """Seconds until this attempt's deadline."""

    def on_interrupt(self, callback: Any) -> None:
        """Call `callback()` once, from another thread, when the run is cancelled or its deadline passes."""


@dataclass(frozen=True, slots=True)
class Done:
    """A task that ends with a result."""

    task_id: str
    run: int
    request: Any
    result: dict[str, Any]


Effect = Callable[[Done, Any], None]
"""What else becomes true when a task ends with a result: statements on the connection (its second argument) of the very
transaction that keeps the result, so that neither is ever there without the other. A batch may run again after a lost
connection; only one run is committed."""


class Handler(Protocol):
    """How one event is worked on: exact findings first, then whatever needs a model."""

    def evaluate(self, request: BaseModel, run: Run) -> Avaliacao:
        """Deterministic, no network, no model. Raises `RulesFailed` with a reason safe to show.

        `run` is for work that lasts (a file of a million rows): progress, and where to stop when it is interrupted.
        """

    def respond(self, request: BaseModel, evaluation: Avaliacao, run: Run) -> dict[str, Any]:
        """The full result. May raise any `ExecutionError`; never changes a finding."""

    def degrade(self, request: BaseModel, evaluation: Avaliacao) -> dict[str, Any]:
        """The result without any model: findings stand, no opinion. Raises NothingWithoutModel where there is none."""
