"""The whole platform on this machine, as one thing to start and stop: broker, database, API, listener, workers."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev.broker import Broker, choose_broker
from dev.console import DevError, note, step
from dev.migrations import migrate
from dev.ports import free_ports, is_free
from dev.processes import READY_DEADLINE_S, ROOT, Addresses, Processes, worker_module
from handlers.configured import configured_domains
from shared.domain import Domain
from shared.settings import ApiSettings, MllpSettings, Settings, settings_of_program


@dataclass(frozen=True)
class Stack:
    """A platform that is up."""

    settings: Settings
    domains: dict[str, Domain]
    broker: Broker
    processes: Processes

    @property
    def mllp(self) -> tuple[str, int] | None:
        """Where HL7 v2 may be sent in the clear; None where the settings ask for TLS."""
        addresses = self.processes.addresses
        return None if self.settings.mllp.mllp_tls_cert else (addresses.mllp_host, addresses.mllp_port)

    @property
    def api_url(self) -> str:
        return self.processes.addresses.api_url


@contextmanager
def running_stack(name: str) -> Iterator[Stack]:
    """Bring everything up under `.run/<name>`, and down in order when the block ends.

    Raises DevError with what to do when a part does not come up.
    """
    folder = ROOT / ".run" / name
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as cleanup:
        cleanup.enter_context(_alone_in(folder))
        supervisor = worker_module()
        settings = settings_of_program()
        domains = configured_domains(settings.domains)
        broker = choose_broker(folder, [domain.vhost for domain in domains.values()])
        cleanup.callback(broker.stop)
        addresses = _addresses(folder, settings, broker)
        processes = Processes(folder, addresses, supervisor, settings.worker.worker_drain_s, settings.mllp.mllp_drain_s)
        cleanup.callback(_stop_patiently, processes)
        with step("Database schema"):
            migrate(addresses.database_url)
        processes.start()
        broker.wait_ready()
        with step("API, HL7 listener and one consumer per domain") as current:
            processes.wait_ready(set(domains), current.say, READY_DEADLINE_S)
        yield Stack(settings, domains, broker, processes)


def _stop_patiently(processes: Processes) -> None:
    """Stop in order; a second Ctrl-C ends the wait."""
    try:
        with step("Stopping the API, the HL7 listener and the workers"):
            processes.stop()
    except KeyboardInterrupt:
        processes.kill()


def _addresses(folder: Path, settings: Settings, broker: Broker) -> Addresses:
    return Addresses(
        api_broker_url=broker.api_url,
        worker_broker_url=broker.worker_url,
        management_url=broker.management_url,
        database_url=_database_url(folder, settings),
        api_host=settings.api.api_host,
        api_port=port_of("The API", settings.api, "api"),
        mllp_host=settings.mllp.mllp_host,
        mllp_port=port_of("The HL7 listener", settings.mllp, "mllp"),
    )


def _database_url(folder: Path, settings: Settings) -> str:
    """The one that was asked for, else a file beside the broker's data."""
    if "database_url" in settings.platform.model_fields_set:
        return settings.platform.database_url.get_secret_value()
    return f"sqlite:///{folder / 'plantao.db'}"


def port_of(what: str, concern: ApiSettings | MllpSettings, prefix: str) -> int:
    """The port that was asked for or the usual one; another where somebody listens on it.

    Raises DevError when it was asked for by its setting and is taken.
    """
    name = f"{prefix}_port"
    wanted = int(getattr(concern, name))
    if wanted and is_free(wanted, getattr(concern, f"{prefix}_host")):
        return wanted
    if wanted and name in concern.model_fields_set:
        raise DevError(f"{name.upper()}={wanted} is taken by another program. Stop that, or choose another port.")
    port = free_ports(1)[0]
    if wanted:
        note(f"Port {wanted} is taken by another program. {what} gets {port} ({name.upper()} chooses).")
    return port


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder. Raises DevError when another command of ours uses it now."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DevError(f"The same command is running already (it holds {folder}). Stop that one first.") from error
        yield
