"""A running attempt: what the handler may ask of it, and how the outside stops it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from shared.errors import Interrupted
from shared.execution import Run
from shared.group_commit import Commits
from shared.tasks import settling, timeline
from shared.tasks.settling import Progress
from shared.tasks.timeline import TimelineLine
from workers.delivery import Delivery


class RunHandle(Run):
    """Implements `shared.execution.Run`. Progress and steps are written behind the work, never in its way."""

    def __init__(
        self,
        task_id: str,
        fence: int,
        attempt: int,
        deadline_s: float,
        commits: Commits,
        delivery: Delivery,
        tenant: str = "default",
        client: str = "anonymous",
    ) -> None:
        self.task_id = task_id
        self.tenant = tenant
        self.client = client
        self.attempt = attempt
        self.fence = fence
        self.started = time.monotonic()
        self.delivery = delivery
        self._deadline = self.started + deadline_s
        self._commits = commits
        self._lock = threading.Lock()
        self._interruption: Interrupted | None = None
        self._callbacks: list[Callable[[], None]] = []

    def progress(self, done: int, total: int, agent: str) -> None:
        self._commits.enqueue(settling.report_progress, Progress(self.task_id, self.fence, done, total, agent), None)

    def step(self, kind: str, **data: str | int | float | bool) -> None:
        self._commits.enqueue(timeline.append, TimelineLine(self.task_id, kind, data), None)

    def check(self) -> None:
        if self._interruption is not None:
            raise self._interruption

    def remaining(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def allow(self, seconds: float) -> None:
        """The attempt now has `seconds` left: a process that must start first does so on its own time."""
        self._deadline = time.monotonic() + seconds

    def on_interrupt(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if self._interruption is None:
                self._callbacks.append(callback)
                return
        callback()

    def interrupt(self, why: Interrupted) -> None:
        """Stop the attempt from another thread; the first reason stands."""
        with self._lock:
            if self._interruption is not None:
                return
            self._interruption = why
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    @property
    def interruption(self) -> Interrupted | None:
        return self._interruption
