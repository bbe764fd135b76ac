"""Takes crewai's own listeners off its event bus: console panels and telemetry spans, for every event of every crew.

Both are silenced anyway; unheard events cost no hand-over to a thread, and none of their text is formatted.
"""

from __future__ import annotations

from crewai.events.event_bus import crewai_event_bus

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
