"""One consumer process per vhost and one relay, forked from a parent that is kept clean for it.

The parent imports crewai and every handler once, and never runs a crew, starts a thread or keeps a connection:
children then start in a fraction of a second and share their memory. Only the child that died is restarted, after
a growing pause; one that keeps dying is stopped with a clear state.
"""

from __future__ import annotations

import gc
import os
import secrets
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from shared import clock
from shared.database import Database
from shared.errors import StoreUnavailable
from shared.settings import Settings
from shared.tasks import fleet, leases
from shared.tasks.fleet import Heartbeat
from shared.version import VERSION
from workers.process import ConsumerIdentity

_log = structlog.get_logger(__name__)
_SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
_KILL_GRACE_S = 10.0
_TICK_S = 0.5

EXIT_OK = 0
EXIT_ALL_CRASHED = 70  # every child was stopped for crashing in a loop

ChildMain = Callable[[ConsumerIdentity], None]


@dataclass
class Child:
    """A place in the fleet; `pid` is None while nobody fills it."""

    name: str
    main: ChildMain
    domain: str | None
    slots: int = 0
    pid: int | None = None
    owner: str = ""
    restarts: int = 0
    not_before: float = 0.0
    deaths: deque[float] = field(default_factory=deque)
    crash_loop: bool = False


class Supervisor:
    """Single-threaded: waits for signals, reaps, restarts."""

    def __init__(self, config: Settings, engine: str, children: list[Child]) -> None:
        self._config = config
        self._engine = engine
        self._children = children
        self._id = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._started_at = clock.now()
        self._next_beat = 0.0

    def run(self) -> int:
        """Keep the fleet whole until SIGTERM or SIGINT; the exit code."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        gc.collect()
        gc.freeze()
        stopping = False
        while not stopping:
            self._start_due()
            self._beat()
            received = signal.sigtimedwait(_SIGNALS, _TICK_S)
            self._reap()
            stopping = received is not None and received.si_signo in (signal.SIGTERM, signal.SIGINT)
            if all(child.crash_loop for child in self._children):
                _log.error("all_children_crashed", detail="veja as últimas linhas de cada consumidor acima")
                self._beat("crash_loop")
                return EXIT_ALL_CRASHED
        self._stop_children()
        self._beat("stopped")
        return EXIT_OK

    # --- starting ---------------------------------------------------------------------------------------

    def _start_due(self) -> None:
        for child in self._children:
            if child.pid is None and not child.crash_loop and time.monotonic() >= child.not_before:
                self._fork(child)

    def _fork(self, child: Child) -> None:
        child.owner = f"{self._id}:{child.name}:{secrets.token_hex(3)}"
        identity = ConsumerIdentity(child.owner, self._id, os.getpid(), child.restarts)
        pid = os.fork()
        if pid:
            child.pid = pid
            _log.info("child_started", kind=child.name, pid=pid, restarts=child.restarts)
            return
        code = 1
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            child.main(identity)
            code = 0
        except BaseException:  # noqa: BLE001 - whatever it was, the child ends here
            _log.exception("child_failed", kind=child.name)
        finally:
            # A child must never run the parent's exit handlers or fall back into its loop.
            os._exit(code)

    # --- reaping ----------------------------------------------------------------------------------------

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = next((child for child in self._children if child.pid == pid), None)
            if child is not None:
                self._on_death(child, os.waitstatus_to_exitcode(status))

    def _on_death(self, child: Child, exit_code: int) -> None:
        child.pid = None
        worker = self._config.worker
        moment = time.monotonic()
        child.deaths.append(moment)
        while moment - child.deaths[0] > worker.crash_loop_window_s:
            child.deaths.popleft()
        child.crash_loop = len(child.deaths) >= worker.crash_loop_restarts
        pause = min(worker.restart_cap_s, worker.restart_base_s * 2 ** (len(child.deaths) - 1))
        child.not_before = moment + pause
        child.restarts += 1
        tasks = self._report_death(child)
        _log.error(
            "child_crash_loop" if child.crash_loop else "child_died",
            kind=child.name,
            pid=0,
            exit_code=exit_code,
            restarts=child.restarts,
            delay_s=round(pause, 1),
            count=tasks,
        )

    def _report_death(self, child: Child) -> int:
        """Make the dead child's tasks due at once, over a connection that is gone before the next fork."""

        def write(database: Database) -> int:
            with database.write() as connection:
                expired = leases.expire_owner(connection, child.owner)
                fleet.beat(
                    connection, self._heartbeat(child.owner, child, "crash_loop" if child.crash_loop else "dead")
                )
                return len(expired)

        return self._briefly(write) or 0

    # --- stopping ---------------------------------------------------------------------------------------

    def _stop_children(self) -> None:
        _log.info("draining", seconds=self._config.worker.worker_drain_s)
        self._signal_all(signal.SIGTERM)
        until = time.monotonic() + self._config.worker.worker_drain_s + _KILL_GRACE_S
        while any(child.pid for child in self._children) and time.monotonic() < until:
            signal.sigtimedwait({signal.SIGCHLD}, _TICK_S)
            self._reap_stopped()
        self._signal_all(signal.SIGKILL)
        while any(child.pid for child in self._children):
            signal.sigtimedwait({signal.SIGCHLD}, _TICK_S)
            self._reap_stopped()

    def _reap_stopped(self) -> None:
        for child in self._children:
            if child.pid and os.waitpid(child.pid, os.WNOHANG)[0]:
                child.pid = None

    def _signal_all(self, number: signal.Signals) -> None:
        for child in self._children:
            if child.pid:
                os.kill(child.pid, number)

    # --- heartbeats -------------------------------------------------------------------------------------

    def _beat(self, state: str = "ready") -> None:
        if time.monotonic() < self._next_beat and state == "ready":
            return
        self._next_beat = time.monotonic() + self._config.worker.worker_heartbeat_s

        def write(database: Database) -> None:
            with database.write() as connection:
                fleet.beat(connection, self._heartbeat(self._id, None, state))
                for child in self._children:
                    if child.crash_loop:
                        fleet.beat(connection, self._heartbeat(child.owner, child, "crash_loop"))

        self._briefly(write)

    def _heartbeat(self, identifier: str, child: Child | None, state: str) -> Heartbeat:
        kind = "supervisor" if child is None else "consumer" if child.domain else "relay"
        detail = f"parado após {len(child.deaths)} quedas seguidas" if child and child.crash_loop else ""
        return Heartbeat(
            id=identifier,
            kind=kind,
            engine=self._engine,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=VERSION,
            state=state,
            detail=detail,
            started_at=self._started_at,
            supervisor=self._id,
            domain=child.domain if child else None,
            slots=child.slots if child else 0,
            restarts=child.restarts if child else 0,
        )

    def _briefly(self, work: Callable[[Database], int | None]) -> int | None:
        database = Database(self._config.platform.database_url.get_secret_value(), pooled=False)
        try:
            return work(database)
        except StoreUnavailable:
            _log.warning("supervisor_store_unavailable")
            return None
        finally:
            database.close()
