"""The private broker, database and processes that every section of the bench shares."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg

from dev.ports import free_ports
from dev.postgres_node import PostgresNode
from dev.rabbitmq_node import RabbitNode
from shared.messaging.topology import EVENTS_QUEUE

ROOT = Path(__file__).resolve().parent.parent
VHOST = "bench_vazio"


@dataclass(frozen=True)
class Rig:
    """What is up for the length of the bench."""

    rabbit: RabbitNode
    database_url: str
    folder: Path
    rows: int  # of the file that `ingest` loads

    def environment(self, role: str, **more: str) -> dict[str, str]:
        """For a child of the given broker user."""
        own = {
            "RABBITMQ_URL": self.rabbit.url(role),
            "DATABASE_URL": self.database_url,
            "DOMAIN_PACKAGES": '["bench.domains"]',
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "WARNING",
            "FILES_DIR": str(self.folder / "files"),
        }
        return {**os.environ, **own, **more}

    @contextmanager
    def process(self, name: str, *module: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """A child of `python -m …` that ends with the block; its output goes to a log in `folder`."""
        role = environment.pop("role", "worker")
        with (self.folder / f"{name}.log").open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", *module],
                cwd=ROOT,
                env=self.environment(role, **environment),
                stdout=log,
                stderr=log,
            )
            try:
                yield child
            finally:
                child.terminate()
                child.wait(60)

    def empty(self) -> None:
        """No task and no message left by an earlier section."""
        self.query("TRUNCATE tasks CASCADE")
        self.rabbit.ctl("purge_queue", "--vhost", VHOST, EVENTS_QUEUE)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url.replace("+psycopg", ""), autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def rig(rows: int = 1_000_000) -> Iterator[Rig]:
    """Bring up broker and database under `.run/bench`, with the schema in place."""
    folder = ROOT / ".run" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    with (
        RabbitNode(
            folder / "rabbit", [VHOST, "fluxo_clinico", "fluxo_exams", "fluxo_opme", "ingestao_dados"]
        ) as rabbit,
        PostgresNode(folder / "postgres") as postgres,
        _migrated(Rig(rabbit, "", folder, rows), postgres) as made,
    ):
        yield made


@contextmanager
def own_server(rig: Rig, *settings: str) -> Iterator[Rig]:
    """The same rig on a PostgreSQL of the section's own, with `settings`; the others keep the stock one."""
    with PostgresNode(rig.folder / "postgres-own", settings) as postgres, _migrated(rig, postgres) as made:
        yield made


@contextmanager
def _migrated(rig: Rig, postgres: PostgresNode) -> Iterator[Rig]:
    name = f"bench{os.getpid()}"
    made = replace(rig, database_url=postgres.create_database(name))
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"], cwd=ROOT, env=made.environment("worker"), check=True
    )
    try:
        yield made
    finally:
        postgres.drop_database(name)


def free_port() -> int:
    return free_ports(1)[0]


def until(probe: Callable[[], Any], what: str, deadline_s: float = 120.0) -> Any:
    """The first truthy answer of `probe`. Raises TimeoutError naming `what`."""
    end = time.monotonic() + deadline_s
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def answers(port: int, path: str = "/livez") -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
