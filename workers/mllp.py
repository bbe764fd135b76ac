"""The HL7 v2 listener: `python -m workers.mllp --help`. It needs the database alone: no broker, no model."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import socket
import sys
from dataclasses import replace

import structlog
from setproctitle import setproctitle

from handlers.configured import configured_domains
from handlers.registry import load_hl7
from shared import clock
from shared.database import Database
from shared.errors import StoreUnavailable
from shared.hl7.routing import Routing
from shared.logging import configure_logging
from shared.privacy.blind_index import BlindIndexes
from shared.settings import Settings, settings_of_program
from shared.tasks import fleet
from shared.tasks.fleet import Heartbeat
from shared.version import VERSION
from workers import mllp_metrics
from workers.mllp_intake import Intake
from workers.mllp_server import MllpServer

_log = structlog.get_logger(__name__)
_TENANT = "default"
EXIT_CANNOT_LISTEN = 1


class Listener:
    """Server, intake and heartbeat of one process."""

    def __init__(self, config: Settings, routing: Routing) -> None:
        self._config = config
        # One connection commits messages, one writes heartbeats.
        self._database = Database(config.platform.database_url.get_secret_value(), pool_size=2)
        blind = BlindIndexes(config.privacy.blind_index_key.get_secret_value()).of(_TENANT)
        self._intake = Intake(self._database, routing, blind, config.mllp.mllp_allowed_senders)
        self.server = MllpServer(config.mllp, self._intake)
        name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._heartbeat = Heartbeat(
            id=name,
            kind="mllp",
            engine="mllp",
            host=socket.gethostname(),
            pid=os.getpid(),
            version=VERSION,
            state="ready",
            started_at=clock.now(),
            slots=config.mllp.mllp_max_connections,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop`, then drain. Raises OSError when the address cannot be listened on."""
        await self.server.start()
        _log.info("mllp_listening", port=self.server.port)
        while not stop.is_set():
            await self._beat("ready")
            try:
                async with asyncio.timeout(self._config.worker.worker_heartbeat_s):
                    await stop.wait()
            except TimeoutError:
                continue
        await self._beat("draining")
        await self.server.stop()
        await self._beat("stopped")
        await self._intake.close()
        self._database.close()

    async def _beat(self, state: str) -> None:
        heartbeat = replace(self._heartbeat, state=state, detail=f"{self.server.connections} conexões")
        try:
            await asyncio.to_thread(self._write, heartbeat)
        except StoreUnavailable:
            _log.warning("heartbeat_store_unavailable", worker=heartbeat.id)

    def _write(self, heartbeat: Heartbeat) -> None:
        with self._database.write() as connection:
            fleet.beat(connection, heartbeat)


async def serve(config: Settings, routing: Routing) -> None:
    """Until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await Listener(config, routing).run(stop)


def main(arguments: list[str] | None = None) -> int:
    """Listen until told to stop; the exit code."""
    options = _parse(arguments)
    config = settings_of_program()
    chosen = {
        name: value for name, value in (("mllp_host", options.host), ("mllp_port", options.port)) if value is not None
    }
    config = config.model_copy(update={"mllp": config.mllp.model_copy(update=chosen)})
    configure_logging(config.platform, "workers/mllp")
    setproctitle("plantao mllp")
    domains = configured_domains(config.domains)
    routing = load_hl7(domains.values(), config.domains.domain_packages)
    port = config.mllp.mllp_metrics_port
    try:
        if port:
            mllp_metrics.serve(config.mllp.mllp_metrics_host, port)
        port = config.mllp.mllp_port
        asyncio.run(serve(config, routing))
    except OSError as error:
        _log.error("mllp_cannot_listen", port=port, reason=error.strerror)
        return EXIT_CANNOT_LISTEN
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m workers.mllp",
        description="Listen for HL7 v2 messages over MLLP; AA only after the task is durable. Settings: .env.example.",
        epilog="Exit codes: 0 stopped and drained, 1 cannot listen or unexpected error, 2 wrong usage.",
    )
    parser.add_argument("--host", help="address to listen on (default: MLLP_HOST)")
    parser.add_argument("--port", type=int, help="port to listen on (default: MLLP_PORT)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
