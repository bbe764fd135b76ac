"""The worker container's health check: does this container's supervisor live, and do its consumers?

Exit 0, or 1 with the reason. A consumer that waits for the broker is healthy: restarting it would not help.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

from shared.database import Database
from shared.errors import StoreUnavailable
from shared.settings import load_settings
from shared.tasks import fleet

SILENT_AFTER_HEARTBEATS = 4
WELL = {"ready", "waiting_broker", "draining"}


def complaint(processes: list[dict[str, Any]], host: str) -> str | None:
    """What is wrong with the newest supervisor of `host` and its consumers, None where nothing is."""
    supervisors = [row for row in processes if row["kind"] == "supervisor" and row["host"] == host]
    if not supervisors:
        return "no heartbeat of a supervisor"
    newest = supervisors[-1]
    consumers = [row for row in processes if row["kind"] == "consumer" and row["supervisor"] == newest["id"]]
    crashed = [row["domain"] for row in consumers if row["state"] == "crash_loop"]
    if crashed:
        return f"stopped for crashing in a loop: {', '.join(crashed)}"
    if not any(row["state"] in WELL for row in consumers):
        return "no consumer is up"
    return None


def main() -> None:
    config = load_settings()
    database = Database(config.platform.database_url.get_secret_value(), pooled=False)
    try:
        with database.read() as connection:
            processes = fleet.alive(connection, config.worker.worker_heartbeat_s * SILENT_AFTER_HEARTBEATS)
    except StoreUnavailable as error:
        sys.exit(error.detail)
    finally:
        database.close()
    sys.exit(complaint(processes, socket.gethostname()))


if __name__ == "__main__":
    main()
