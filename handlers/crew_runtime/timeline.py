"""crewai's events → the task's timeline: who worked, for how long, which tools. Never a text.

crewai waits for all crews' handlers on one small pool, so the listener only hands over.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from crewai.events import BaseEventListener, TaskCompletedEvent, TaskStartedEvent, ToolUsageFinishedEvent

from shared.execution import Run


@dataclass
class _Timeline:
    """One run's timeline. Handlers run on a pool, so progress is only ever moved forward."""

    run: Run
    total: int
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def started(self, agent: str, sequence: int) -> None:
        self.run.step("agent_started", agent=agent, sequence=sequence)
        with self.lock:
            self.run.progress(self.done, self.total, agent)

    def completed(self, agent: str, seconds: float, sequence: int) -> None:
        self.run.step("agent_completed", agent=agent, seconds=round(seconds, 3), sequence=sequence)
        with self.lock:
            self.done += 1
            self.run.progress(self.done, self.total, agent)


_current: ContextVar[_Timeline | None] = ContextVar("crew_timeline", default=None)


@contextmanager
def on_timeline(run: Run, total: int) -> Iterator[None]:
    """Send the events of crews started inside the block to `run`; `total` is their number of tasks."""
    token = _current.set(_Timeline(run, total))
    try:
        yield
    finally:
        _current.reset(token)


class TimelineListener(BaseEventListener):
    """The only listener of ours; one per process."""

    def setup_listeners(self, crewai_event_bus: Any) -> None:
        crewai_event_bus.on(TaskStartedEvent)(_on_task_started)
        crewai_event_bus.on(TaskCompletedEvent)(_on_task_completed)
        crewai_event_bus.on(ToolUsageFinishedEvent)(_on_tool_finished)


def _on_task_started(source: Any, event: TaskStartedEvent) -> None:
    timeline = _current.get()
    if timeline:
        timeline.started(source.name, event.emission_sequence or 0)


def _on_task_completed(source: Any, event: TaskCompletedEvent) -> None:
    timeline = _current.get()
    if timeline:
        seconds = (source.end_time - source.start_time).total_seconds()
        timeline.completed(source.name, seconds, event.emission_sequence or 0)


def _on_tool_finished(source: Any, event: ToolUsageFinishedEvent) -> None:
    timeline = _current.get()
    if timeline:
        seconds = (event.finished_at - event.started_at).total_seconds()
        timeline.run.step(
            "tool_used", tool=event.tool_name, seconds=round(seconds, 3), sequence=event.emission_sequence or 0
        )
