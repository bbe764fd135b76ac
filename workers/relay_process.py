"""The process beside the consumers: relay, deliveries, housekeeping, metrics. Runs in a child of the supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import structlog
from setproctitle import setproctitle

from handlers.configured import configured_domains
from shared import clock
from shared.database import Database
from shared.errors import StoreUnavailable
from shared.notifications.contacts import Contacts
from shared.settings import Settings, WorkerSettings
from shared.tasks import fleet
from shared.tasks.fleet import Heartbeat
from shared.version import VERSION
from workers import metrics
from workers.deliveries import Deliveries
from workers.housekeeping import Housekeeping
from workers.process import ConsumerIdentity
from workers.relay import Relay

_log = structlog.get_logger(__name__)


def run(config: Settings, engine: str, contacts: Contacts, identity: ConsumerIdentity) -> None:
    """Until SIGTERM or SIGINT, or until the supervisor is gone."""
    setproctitle("plantao relay")
    if config.worker.worker_metrics_port:
        _serve_metrics(config.worker)
    asyncio.run(_run(config, engine, contacts, identity))


def _serve_metrics(worker: WorkerSettings) -> None:
    """A port that somebody else has costs the figures, never the alerts that this process calls out."""
    try:
        metrics.serve(worker.worker_metrics_host, worker.worker_metrics_port)
    except OSError as error:
        _log.error("metrics_not_served", port=worker.worker_metrics_port, detail=os.strerror(error.errno or 0))


async def _run(config: Settings, engine: str, contacts: Contacts, identity: ConsumerIdentity) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = Database(config.platform.database_url.get_secret_value(), pool_size=6)
    relay = Relay(config, database, configured_domains(config.domains))
    deliveries = Deliveries(config, database, contacts, relay.publishers)
    housekeeping = Housekeeping(config, database)
    heartbeat = Heartbeat(
        id=identity.owner,
        kind="relay",
        engine=engine,
        host=socket.gethostname(),
        pid=os.getpid(),
        version=VERSION,
        state="ready",
        started_at=clock.now(),
        supervisor=identity.supervisor,
        restarts=identity.restarts,
    )
    await asyncio.gather(
        relay.run(stop),
        deliveries.run(stop),
        housekeeping.run(stop),
        _beat(database, heartbeat, identity.supervisor_pid, config.worker.worker_heartbeat_s, stop),
    )
    await deliveries.close()
    await relay.close()
    database.close()


async def _beat(
    database: Database, heartbeat: Heartbeat, supervisor_pid: int, every_s: float, stop: asyncio.Event
) -> None:
    def write() -> None:
        with database.write() as connection:
            fleet.beat(connection, heartbeat)

    while not stop.is_set():
        if os.getppid() != supervisor_pid:
            _log.error("orphaned", worker=heartbeat.id)
            stop.set()
            return
        try:
            await asyncio.to_thread(write)
        except StoreUnavailable:
            _log.warning("heartbeat_store_unavailable", worker=heartbeat.id)
        try:
            await asyncio.wait_for(stop.wait(), min(every_s, 1.0))
        except TimeoutError:
            continue
