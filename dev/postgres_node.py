"""A private PostgreSQL cluster on loopback, for tests and benches. fsync stays on: durability is what is tested."""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from dev.console import DevError
from dev.owned_process import OwnedProcess, run_as
from dev.ports import free_ports, is_free
from dev.postgres_programs import find_programs

SUPERUSER = "plantao"
START_DEADLINE_S = 90.0
STOP_GRACE_S = 15.0
POLL_S = 0.05
PROBE_S = 2  # is it up? It is asked again at once
CONNECT_S = 60  # it is up; a busy machine may take its time to say so
# PostgreSQL refuses root; these are tried in order.
UNPRIVILEGED = ("postgres", "nobody")


class PostgresNode:
    """A cluster of our own. `stop` and `kill` keep its data, `remove` deletes it."""

    def __init__(self, folder: Path, settings: Sequence[str] = ()) -> None:
        """`settings` are extra `name=value` of postgresql.conf. Raises DevError when PostgreSQL is not installed."""
        programs = find_programs()
        if programs is None:
            raise DevError("PostgreSQL is not installed. Run:  python -m dev.prerequisites postgresql")
        self._programs = programs
        self._settings = list(settings)
        self._user = _unprivileged_user()
        self.folder = _reachable_folder(folder.resolve(), self._user)
        self._data = self.folder / "data"
        self._password_file = self.folder / "password"
        self._server = OwnedProcess("PostgreSQL", self.folder / "server.pid", self.folder / "postgresql.log")
        self.port = free_ports(1)[0]

    @property
    def is_running(self) -> bool:
        return self._server.is_running

    @property
    def log(self) -> Path:
        return self._server.log

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy URL with the psycopg driver."""
        return self._address("postgresql+psycopg", database)

    def start(self, deadline_s: float = START_DEADLINE_S) -> None:
        """Start and wait until a query is answered. Raises DevError with the log's end when it does not come up."""
        self._server.stop_leftover()
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        if not is_free(self.port):
            self.port = free_ports(1)[0]
        argv = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port)]
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", *self._settings]:
            argv += ["-c", setting]
        self._server.start(argv, _quiet_environment(), cwd=self.folder, user=self._user)
        self._wait_ready(deadline_s)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, data stays."""
        self._server.stop(STOP_GRACE_S, ask=signal.SIGINT)

    def kill(self) -> None:
        """A crash: every server process ends at once without a checkpoint; the next start recovers from the log.

        SIGQUIT, not SIGKILL: back ends live in sessions of their own and would outlast a killed parent,
        which keeps the next start from attaching to the shared memory.
        """
        self._server.stop(STOP_GRACE_S, ask=signal.SIGQUIT)

    def restart(self) -> None:
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stop and delete everything."""
        self.stop()
        shutil.rmtree(self.folder)

    def create_database(self, name: str, template: str = "template1") -> str:
        """Make a database like `template`, which nobody may be using, and return its URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with self._connect() as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, ending its connections."""
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def __enter__(self) -> PostgresNode:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _address(self, scheme: str, database: str) -> str:
        return f"{scheme}://{SUPERUSER}:{self._password_file.read_text()}@127.0.0.1:{self.port}/{database}"

    def _connect(self, within_s: int = CONNECT_S) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._address("postgresql", "postgres"), autocommit=True, connect_timeout=within_s)

    def _initialise(self) -> None:
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(18))
        argv = [str(self._programs / "initdb"), "-D", str(self._data), "-U", SUPERUSER, "-A", "scram-sha-256"]
        argv += ["--pwfile", str(self._password_file), "-E", "UTF8", "--locale", "C", "--no-sync"]
        if self._user:
            for path in (self.folder, self._password_file):
                shutil.chown(path, self._user)
        done = subprocess.run(
            argv, cwd=self.folder, env=_quiet_environment(), capture_output=True, text=True, **run_as(self._user)
        )
        if done.returncode != 0:
            raise DevError(f"initdb failed: {(done.stderr or done.stdout).strip()}")

    def _wait_ready(self, deadline_s: float) -> None:
        end = time.monotonic() + deadline_s
        while not self._answers():
            if not self._server.is_running:
                raise self._server.failure("ended while starting", "Mend that and run again.")
            if time.monotonic() > end:
                self.kill()
                raise self._server.failure(f"was not ready after {deadline_s:.0f} s", "Run again.")
            time.sleep(POLL_S)

    def _answers(self) -> bool:
        try:
            with self._connect(PROBE_S) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False


def _unprivileged_user() -> str | None:
    """The user to run as; None where we are not root already."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    found = next((name for name in UNPRIVILEGED if name in known), None)
    if found is None:
        raise DevError("PostgreSQL refuses root and there is no user postgres or nobody. Run as an ordinary user.")
    return found


def _reachable_folder(wanted: Path, user: str | None) -> Path:
    """`wanted`, or a folder under the temporary one where `user` may not walk down to `wanted`.

    Its name comes from `wanted`, so that a later run finds what an earlier one left behind.
    """
    wanted.mkdir(parents=True, exist_ok=True)
    if user is None or all(parent.stat().st_mode & 0o001 for parent in wanted.parents):
        return wanted
    short = hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
    instead = Path(tempfile.gettempdir()) / f"plantao-pg-{short}"
    instead.mkdir(mode=0o700, exist_ok=True)
    if instead.stat().st_uid not in (os.geteuid(), pwd.getpwnam(user).pw_uid):
        raise DevError(f"{instead} belongs to somebody else. Delete it, or set TMPDIR to another folder.")
    return instead


def _quiet_environment() -> dict[str, str]:
    """Without PG* variables of the user, and with messages in English so that logs read the same everywhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
