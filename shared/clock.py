"""The one place that asks what time it is, so that tests can say it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Aware UTC. Hosts that share a store must run NTP: leases compare their clocks."""
    return datetime.now(UTC)
