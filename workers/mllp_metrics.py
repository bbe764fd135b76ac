"""What the HL7 listener counts. Labels are names of ours, never a value of a message.

The listener is one process: unlike the workers' (see `workers.metrics`), its figures need no shared folder.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram, start_http_server

ACCEPTED = Counter(
    "plantao_mllp_messages_accepted_total",
    "Messages answered with AA or CA, those that came before among them (repeated=yes)",
    ["domain", "event", "repeated"],
)
REFUSED = Counter(
    "plantao_mllp_messages_refused_total", "Messages answered with AE or AR, by our code of ERR-5", ["domain", "reason"]
)
ANSWER_SECONDS = Histogram(
    "plantao_mllp_answer_seconds",
    "From the last byte of a message to its answer",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
CONNECTIONS = Gauge("plantao_mllp_connections", "Senders that are connected")
CONNECTIONS_REFUSED = Counter("plantao_mllp_connections_refused_total", "Connections closed at once", ["reason"])
CONNECTIONS_ENDED = Counter("plantao_mllp_connections_ended_total", "Connections that ended, by why", ["reason"])


def serve(host: str, port: int) -> None:
    """Answer Prometheus in a thread of its own. Raises OSError when the address is taken."""
    start_http_server(port, host)
