"""What the workers count. Labels are names of ours, never a value of a patient.

Every consumer writes into one shared folder; the relay process serves the sum at WORKER_METRICS_PORT.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

SETTLED = Counter("plantao_tasks_settled_total", "Attempts that ended, by how", ["domain", "event", "outcome"])
ATTEMPT_SECONDS = Histogram(
    "plantao_attempt_seconds",
    "Time from claim to outcome",
    ["domain", "event"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900),
)
REFUSED = Counter("plantao_claims_refused_total", "Deliveries whose row needed nothing", ["domain", "reason"])
REJECTED = Counter("plantao_messages_rejected_total", "Messages nobody understood", ["domain", "reason"])
PUBLISHED = Counter("plantao_relay_published_total", "Rows the relay published", ["domain", "outcome"])
CALLED = Counter("plantao_alert_calls_total", "Contacts called for an alert that nobody had acknowledged yet")
DELIVERED = Counter(
    "plantao_delivery_attempts_total",
    "Attempts to tell somebody outside, by how they ended",
    ["channel", "kind", "outcome"],
)


def serve(host: str, port: int) -> None:
    """Answer Prometheus for every process of this supervisor."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    start_http_server(port, host, registry)
