"""Takes crewai's own listeners off its event bus: console panels and telemetry spans, for every event of every crew.

Both are silenced anyway; unheard events cost no hand-over to a thread, and none of their text is formatted.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from crewai.events.event_bus import crewai_event_bus
from crewai.events.event_context import EventContextConfig, MismatchBehavior, _event_context_config

T = TypeVar("T")
_SILENT = EventContextConfig(mismatch_behavior=MismatchBehavior.SILENT, empty_pop_behavior=MismatchBehavior.SILENT)
_BUILT_IN = "crewai.events.event_listener"


def drop_built_in_listeners() -> int:
    """How many handlers were taken off. Idempotent; listeners of anybody else stay."""
    built_in = [
        (event_type, handler)
        for event_type, handlers in crewai_event_bus._sync_handlers.items()
        for handler in handlers
        if handler.__module__ == _BUILT_IN
    ]
    for event_type, handler in built_in:
        crewai_event_bus.off(event_type, handler)
    return len(built_in)


def in_own_scope(work: Callable[[], T]) -> T:
    """Call `work` where its events nest in nobody else's.

    crewai keeps the open events of a thread on a stack of 100, and a crew that was stopped leaves its own there:
    thirty failures of a model would spoil the thread for good.
    """

    def quietly() -> T:
        _event_context_config.set(_SILENT)
        return work()

    return copy_context().run(quietly)
