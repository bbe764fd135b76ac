"""The platform's own processes as children of a local command: API, HL7 listener and worker supervisor."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from dev.console import DevError
from dev.owned_process import OwnedProcess
from dev.ports import accepts

ROOT = Path(__file__).resolve().parent.parent
ENGINES = {"pika": "workers.pika_worker", "dramatiq": "workers.dramatiq_worker"}
ENGINE_VARIABLE = "PLANTAO_ENGINE"
READY_DEADLINE_S = 90.0
POLL_S = 0.1
API, MLLP = "API", "MLLP"
API_GRACE_S = 10.0
# The listener has no business with the broker: it gets an address without credentials.
NO_BROKER = "amqp://127.0.0.1"
# Beyond WORKER_DRAIN_S, within which the supervisor ends by itself.
DRAIN_MARGIN_S = 5.0


@dataclass(frozen=True)
class Addresses:
    """What the children are told by their environment."""

    api_broker_url: str
    worker_broker_url: str
    management_url: str
    database_url: str
    api_host: str
    api_port: int
    mllp_host: str
    mllp_port: int

    @property
    def api_url(self) -> str:
        return f"http://{self.api_host}:{self.api_port}"

    def environment(self, broker_url: str) -> Mapping[str, str]:
        """The caller's environment with our addresses over it."""
        return os.environ | {
            "RABBITMQ_URL": broker_url,
            "RABBITMQ_MANAGEMENT_URL": self.management_url,
            "DATABASE_URL": self.database_url,
            "API_HOST": self.api_host,
            "API_PORT": str(self.api_port),
            "MLLP_HOST": self.mllp_host,
            "MLLP_PORT": str(self.mllp_port),
            "PYTHONUNBUFFERED": "1",
        }


class Processes:
    """API, HL7 listener and worker supervisor, with logs and process ids under `folder`."""

    def __init__(
        self, folder: Path, addresses: Addresses, worker_module: str, drain_s: float, mllp_drain_s: float
    ) -> None:
        self.addresses = addresses
        self.logs = folder / "logs"
        self._drain_s = drain_s
        self._mllp_drain_s = mllp_drain_s
        self._worker_module = worker_module
        self._api = OwnedProcess("The API", folder / "api.pid", self.logs / "api.log")
        self._mllp = OwnedProcess("The MLLP listener", folder / "mllp.pid", self.logs / "mllp.log")
        self._workers = OwnedProcess("The worker supervisor", folder / "workers.pid", self.logs / "workers.log")

    def start(self) -> None:
        """Start all; the one that takes longest to import goes first."""
        for process, module, broker_url in (
            (self._workers, self._worker_module, self.addresses.worker_broker_url),
            (self._api, "api.main", self.addresses.api_broker_url),
            (self._mllp, "workers.mllp", NO_BROKER),
        ):
            process.start([sys.executable, "-m", module], self.addresses.environment(broker_url), cwd=ROOT)

    def wait_ready(self, domains: set[str], progress: Callable[[str], None], deadline_s: float) -> None:
        """Wait until the API says it is ready, names a ready consumer for every domain, and the listener listens.

        Raises DevError with the log's end when a process dies or the deadline passes.
        """
        end = time.monotonic() + deadline_s
        while missing := self._missing(domains):
            progress(f"waiting for {', '.join(sorted(missing))}")
            self.require_alive()
            if time.monotonic() > end:
                late = self._api if API in missing else self._mllp if MLLP in missing else self._workers
                raise late.failure(f"was not ready after {deadline_s:.0f} s", "Run again, or look into the whole log.")
            time.sleep(POLL_S)
        progress(", ".join(sorted(domains)))

    def require_alive(self) -> None:
        """Raises DevError with the log's end when one of them has ended."""
        for process in (self._api, self._mllp, self._workers):
            if not process.is_running:
                raise process.failure(f"ended with exit code {process.exit_code}", "Mend that and run again.")

    def stop(self) -> None:
        """API and listener first, so that nothing new comes in; then the workers, which drain."""
        self._api.stop(API_GRACE_S)
        self._mllp.stop(self._mllp_drain_s + DRAIN_MARGIN_S)
        self._workers.stop(self._drain_s + DRAIN_MARGIN_S)

    def kill(self) -> None:
        """End all at once, for the impatient second Ctrl-C."""
        self._api.kill()
        self._mllp.kill()
        self._workers.kill()

    def _missing(self, domains: set[str]) -> set[str]:
        """What is not ready yet: the listener, domains without a consumer, the API (also when it lacks the broker)."""
        silent = set() if accepts(self.addresses.mllp_port, self.addresses.mllp_host) else {MLLP}
        return silent | self._missing_of_api(domains)

    def _missing_of_api(self, domains: set[str]) -> set[str]:
        try:
            answer = httpx.get(f"{self.addresses.api_url}/readyz", timeout=5.0)
        except httpx.TransportError:
            return {API}
        if answer.status_code != httpx.codes.OK:
            return {API}
        state = answer.json()
        served = {consumer["domain"] for consumer in state["consumers"] if consumer["state"] == "ready"}
        connected = all(link == "connected" for link in state["broker"].values())
        return (domains - served) | (set() if connected else {API})


def worker_module() -> str:
    """The supervisor that PLANTAO_ENGINE asks for. Raises DevError when it names no engine."""
    engine = os.environ.get(ENGINE_VARIABLE, "pika")
    if engine not in ENGINES:
        raise DevError(f"{ENGINE_VARIABLE} must be one of: {', '.join(ENGINES)}")
    return ENGINES[engine]
