"""One consumer process: the wiring of a domain's queue to its handlers. Runs in a child of the supervisor."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass

import structlog
from setproctitle import setproctitle

from shared import clock
from shared.database import Database
from shared.errors import WorkerDraining
from shared.llm.blocking import process_gateway
from shared.messaging.topology import connection_parameters
from shared.privacy.blind_index import BlindIndexes
from shared.settings import Settings
from shared.tasks.fleet import Heartbeat
from shared.version import VERSION
from workers.attempt import DomainWork
from workers.engines.contract import Engine
from workers.engines.dramatiq import DramatiqEngine
from workers.engines.pika import PikaEngine
from workers.execution import Execution
from workers.keeper import Keeper
from workers.writes import Writes

_log = structlog.get_logger(__name__)
_INTERRUPTED_GRACE_S = 5.0


@dataclass(frozen=True)
class ConsumerIdentity:
    """Given by the supervisor before the fork, so that it can speak for a child that died."""

    owner: str
    supervisor: str
    supervisor_pid: int  # asked after the fork, it may be that of whoever adopts orphans
    restarts: int


class ConsumerProcess:
    """Build it after the fork: every connection, thread and loop is made here."""

    def __init__(self, config: Settings, work: DomainWork, engine: str, slots: int, identity: ConsumerIdentity) -> None:
        self._config = config
        self._work = work
        self._slots = slots
        self._identity = identity
        self._started_at = clock.now()
        self._state = ("starting", "")
        platform = config.platform
        # One connection takes work in, one writes its outcomes, one looks after leases.
        self._database = Database(platform.database_url.get_secret_value(), pool_size=3)
        self._commits = Writes(self._database)
        blind = BlindIndexes(config.privacy.blind_index_key.get_secret_value())
        self._execution = Execution(work, identity.owner, self._commits, config.worker, blind)
        self._engine = self._make_engine(engine)
        self._keeper = Keeper(
            self._database,
            self._execution,
            identity.owner,
            identity.supervisor_pid,
            config.worker,
            self._heartbeat,
            self._engine.stop,
        )

    def run(self) -> None:
        """Consume until SIGTERM or SIGINT, then drain within the deadline."""
        setproctitle(f"plantao consumer {self._work.domain.key}")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._engine.stop())
        self._engine.run()
        self._drain()

    def _drain(self) -> None:
        self._on_state("draining", "")
        self._engine.drain(self._config.worker.worker_drain_s)
        for run in list(self._execution.running.values()):
            run.interrupt(WorkerDraining("o processo encerra; a tarefa volta para a fila"))
        self._execution.stop()
        self._engine.drain(_INTERRUPTED_GRACE_S)
        self._engine.close()
        process_gateway().close()  # what interrupted calls have used is billed before this process is gone
        self._state = ("stopped", "")
        self._keeper.close()
        self._commits.close()
        self._database.close()

    def _make_engine(self, name: str) -> Engine:
        overrides = self._config.domains.of(self._work.domain.key)
        parameters = connection_parameters(
            self._config.broker, self._work.domain.vhost, f"plantao-worker {self._work.domain.key}"
        )
        prefetch = overrides.prefetch or self._slots
        if name == DramatiqEngine.name:
            limit = self._config.worker.task_deadline_s * 2
            return DramatiqEngine(
                parameters, self._slots, prefetch, self._execution.process, self._on_state, time_limit_s=limit
            )
        return PikaEngine(parameters, self._slots, prefetch, self._execution.process, self._on_state)

    def _on_state(self, state: str, detail: str) -> None:
        if (state, detail) != self._state:
            _log.info("consumer_state", domain=self._work.domain.key, state=state, detail=detail)
            self._state = (state, detail)
            self._keeper.beat_soon()

    def _heartbeat(self) -> Heartbeat:
        return Heartbeat(
            id=self._identity.owner,
            kind="consumer",
            engine=self._engine.name,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=VERSION,
            state=self._state[0],
            detail=self._state[1],
            started_at=self._started_at,
            supervisor=self._identity.supervisor,
            domain=self._work.domain.key,
            slots=self._slots,
            restarts=self._identity.restarts,
            running=list(self._execution.running),
        )
