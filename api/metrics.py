"""What the API counts. Labels are names of ours, never a value of a caller."""

from __future__ import annotations

from prometheus_client import Counter

ACCEPTED = Counter("plantao_tasks_accepted_total", "Requests answered 202", ["domain", "event"])
PUBLISH_FAILED = Counter("plantao_publish_failed_total", "Publishes left to the relay", ["domain", "reason"])
