"""One thread per consumer process that keeps what must be kept while crews work.

Leases are renewed, cancellations and deadlines reach the crews, long crews let go of their message, the
heartbeat is written, and an orphaned process stops itself.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import structlog

from shared.database import Database
from shared.errors import DeadlineExceeded, LeaseLost, StoreUnavailable, TaskCancelled
from shared.settings import WorkerSettings
from shared.tasks import fleet, leases
from shared.tasks.fleet import Heartbeat
from workers.execution import Execution

_log = structlog.get_logger(__name__)
_TICK_S = 0.5


class Keeper:
    """Start after the fork; `describe` gives the heartbeat as it is now."""

    def __init__(
        self,
        database: Database,
        execution: Execution,
        owner: str,
        supervisor_pid: int,
        worker: WorkerSettings,
        describe: Callable[[], Heartbeat],
        on_orphaned: Callable[[], None],
    ) -> None:
        self._database = database
        self._execution = execution
        self._owner = owner
        self._worker = worker
        self._describe = describe
        self._on_orphaned = on_orphaned
        self._supervisor_pid: int | None = supervisor_pid  # None once it is known to be gone
        self._stop = threading.Event()
        self._beat_due = threading.Event()
        self._next_renewal = 0.0
        self._next_beat = 0.0
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def beat_soon(self) -> None:
        """The state changed: do not wait for the next regular heartbeat."""
        self._next_beat = 0.0
        self._beat_due.set()

    def close(self) -> None:
        """Write a last heartbeat and stop."""
        self._stop.set()
        self._beat_due.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._beat_due.wait(_TICK_S)
            self._beat_due.clear()
            self._interrupt_overdue()
            if self._supervisor_pid not in (None, os.getppid()):
                self._supervisor_pid = None  # said once: the drain that follows may take its time
                _log.error("orphaned", worker=self._owner)
                self._on_orphaned()
            try:
                self._keep()
            except StoreUnavailable:
                _log.warning("keeper_store_unavailable", worker=self._owner)
        self._last_beat()

    def _keep(self) -> None:
        now = time.monotonic()
        if self._execution.running:
            self._look_after_tasks(renew=now >= self._next_renewal)
            if now >= self._next_renewal:
                self._next_renewal = now + self._worker.worker_lease_s / 3
        if now >= self._next_beat:
            with self._database.write() as connection:
                fleet.beat(connection, self._describe())
            self._next_beat = now + self._worker.worker_heartbeat_s

    def _look_after_tasks(self, *, renew: bool) -> None:
        running = dict(self._execution.running)
        with self._database.read() as connection:
            held = leases.held_by(connection, self._owner)
        for task_id, run in running.items():
            if task_id in held.cancelled:
                run.interrupt(TaskCancelled("cancelada a pedido"))
            elif held.fences.get(task_id) != run.fence and task_id in self._execution.running:
                run.interrupt(LeaseLost("outro processo assumiu a tarefa"))
        if renew:
            with self._database.write() as connection:
                leases.renew(connection, self._owner, running, self._worker.worker_lease_s)

    def _interrupt_overdue(self) -> None:
        moment = time.monotonic()
        for run in list(self._execution.running.values()):
            if run.remaining() <= 0:
                run.interrupt(DeadlineExceeded("o prazo da tarefa terminou antes do parecer"))
            if moment - run.started > self._worker.worker_ack_after_s:
                # From here on the lease alone speaks: no consumer_timeout can meet a long crew.
                run.delivery.ack()

    def _last_beat(self) -> None:
        try:
            with self._database.write() as connection:
                fleet.beat(connection, self._describe())
        except StoreUnavailable:
            _log.warning("last_heartbeat_lost", worker=self._owner)
