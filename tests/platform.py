"""The running platform for acceptance tests: real processes, real broker, real database, real HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from dev.ports import free_ports
from dev.rabbitmq_node import RabbitNode

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = '["handlers", "tests.fixtures.domains"]'
TERMINAL = {"completed", "failed", "cancelled"}
LOG_END = 4_000
DEADLINE_S = 300.0  # never reached by what works, on a machine with other things to do neither

T = TypeVar("T")


def eventually(probe: Callable[[], T], what: str, deadline_s: float = DEADLINE_S) -> T:
    """The first truthy answer of `probe`; fails with `what` after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.05)


class Platform:
    """One API and one worker supervisor, each of which a test may kill and start again."""

    def __init__(self, rabbit: RabbitNode, database_url: str, folder: Path, engine: str, **environment: str) -> None:
        self.rabbit = rabbit
        self.database_url = database_url
        self.engine = engine
        self.folder = folder
        self.port = free_ports(1)[0]
        self.api: subprocess.Popen[bytes] | None = None
        self.workers: subprocess.Popen[bytes] | None = None
        self._worker_arguments: tuple[str, ...] = ()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=40)
        self._environment = os.environ | {
            "DATABASE_URL": database_url,
            "DOMAIN_PACKAGES": PACKAGES,
            "API_PORT": str(self.port),
            "FILES_DIR": str(folder / "files"),
            "LOG_FORMAT": "json",
            "RETRY_BASE_S": "0.1",
            "RESTART_BASE_S": "0.1",
            "WORKER_HEARTBEAT_S": "0.5",
            "WORKER_LEASE_S": "6",
            "RELAY_INTERVAL_S": "0.1",
            "RELAY_GRACE_S": "1",
            "PUBLISH_CONFIRM_TIMEOUT_S": "4",
            **environment,
        }

    def setting(self, name: str) -> str:
        """A setting as the processes see it."""
        return self._environment[name]

    # --- processes --------------------------------------------------------------------------------------

    def start_api(self) -> None:
        self.api = self._spawn("api", self.rabbit.url("api"), "-m", "api.main")
        eventually(self._api_answers, "the API answers /livez")

    def wait_connected(self) -> None:
        """Until the API publishes what it accepts: before, and without a relay, a message stays in its row."""
        eventually(
            lambda: set(self.client.get("/health").json()["broker"].values()) == {"connected"}, "the API publishes"
        )

    def start_workers(self, *arguments: str, wait_for: tuple[str, ...] = ("eco",)) -> None:
        self._worker_arguments = arguments
        self.workers = self._spawn(
            "workers", self.rabbit.url("worker"), "-m", f"workers.{self.engine}_worker", *arguments
        )
        if self.api is not None:
            self.wait_ready(*wait_for)

    def wait_ready(self, *domains: str) -> None:
        eventually(lambda: set(domains) <= self.ready_domains(), f"consumers ready: {domains}\n{self.log('workers')}")

    def ready_domains(self) -> set[str]:
        """Domains whose consumer says it is ready and belongs to the supervisor that runs now."""
        mine = f":{self.workers.pid}:" if self.workers else ""
        consumers = self.client.get("/health").json()["consumers"]
        return {row["domain"] for row in consumers if row["state"] == "ready" and mine in row["id"]}

    def kill_api(self) -> None:
        assert self.api
        _end(self.api, signal.SIGKILL)

    def kill_supervisor(self) -> None:
        assert self.workers
        _end(self.workers, signal.SIGKILL)

    def stop_workers(self) -> int:
        """SIGTERM, and the exit code once it has drained."""
        assert self.workers
        self.workers.send_signal(signal.SIGTERM)
        return self.workers.wait(DEADLINE_S)

    def consumer_pid(self, domain: str) -> int:
        """The process that consumes for `domain` now, from its own heartbeat."""

        def probe() -> int | None:
            return next((pid for pid, name in self.children().items() if name == f"plantao consumer {domain}"), None)

        return eventually(probe, f"a consumer process of {domain}")

    def kill_consumer(self, domain: str) -> int:
        """kill -9 of the process that consumes for `domain`; its id."""
        pid = self.consumer_pid(domain)
        os.kill(pid, signal.SIGKILL)
        return pid

    def children(self) -> dict[int, str]:
        """Living child processes of the supervisor with their titles."""
        return _children(self.workers.pid) if self.workers else {}

    def consumer(self, domain: str) -> dict[str, Any] | None:
        """What /health says of the newest consumer of `domain` under the supervisor that runs now."""
        mine = f":{self.workers.pid}:" if self.workers else ""
        rows = self.client.get("/health").json()["consumers"]
        return next((row for row in reversed(rows) if row["domain"] == domain and mine in row["id"]), None)

    def heal(self, *domains: str) -> None:
        """Start again whatever a test has killed, and wait until `domains` are consumed."""
        if self.api is None or self.api.poll() is not None:
            self.start_api()
        if self.workers is None or self.workers.poll() is not None:
            self.start_workers(*self._worker_arguments, wait_for=domains)
        self.wait_ready(*domains)

    def close(self) -> None:
        for process in (self.api, self.workers):
            if process is not None and process.poll() is None:
                _end(process, signal.SIGTERM)
        self.client.close()

    def log(self, name: str) -> str:
        """The end of what a process has logged."""
        file = self.folder / f"{name}.log"
        if not file.exists():
            return ""
        with file.open("rb") as lines:
            lines.seek(max(0, file.stat().st_size - LOG_END))
            return lines.read().decode(errors="replace")

    def full_log(self) -> str:
        """Every whole line of every process; one that is being written at this moment does not count yet."""
        logs = [file.read_bytes() for file in sorted(self.folder.glob("*.log"))]
        return "".join(log[: log.rfind(b"\n") + 1].decode() for log in logs)

    def _spawn(self, name: str, broker: str, *command: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{name}.log").open("ab")
        environment = self._environment | {"RABBITMQ_URL": broker}
        return subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, stdout=log, stderr=log)

    def _api_answers(self) -> bool:
        assert self.api and self.api.poll() is None, self.log("api")
        try:
            return self.client.get("/livez").status_code == 200
        except httpx.TransportError:
            return False

    # --- work -------------------------------------------------------------------------------------------

    def submit(self, path: str, body: dict[str, Any], **headers: str) -> str:
        answer = self.client.post(path, json=body, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["task_id"])

    def view(self, task_id: str) -> dict[str, Any]:
        answer = self.client.get(f"/api/tasks/{task_id}")
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    def finished(self, task_id: str) -> dict[str, Any]:
        """The view of the task once it has ended."""

        def probe() -> dict[str, Any] | None:
            view = self.client.get(f"/api/tasks/{task_id}", params={"wait": 5}).json()
            return view if view["status"] in TERMINAL else None

        return eventually(probe, f"task {task_id} ends\n{self.log('workers')}")

    def timeline(self, task_id: str) -> list[str]:
        """The kinds of the timeline of a finished task, in order."""
        with self.client.stream("GET", f"/api/tasks/{task_id}/events") as stream:
            return [line.removeprefix("event: ") for line in stream.iter_lines() if line.startswith("event: ")]


@contextmanager
def running_platform(
    rabbit: RabbitNode, database_url: str, folder: Path, engine: str, *arguments: str, **environment: str
) -> Iterator[Platform]:
    """API and workers up and ready for the test domain; down again afterwards."""
    platform = Platform(rabbit, database_url, folder, engine, **environment)
    try:
        platform.start_api()
        platform.start_workers(*(arguments or ("--domains", "eco")))
        yield platform
    finally:
        platform.close()


def _end(process: subprocess.Popen[bytes], number: int) -> None:
    process.send_signal(number)
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def _children(parent: int) -> dict[int, str]:
    """Child process ids with their titles, from /proc: a bare machine has no `ps`."""
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name stands in parentheses and may hold anything; state and parent id follow it.
            parent_id = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            title = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended while we looked
        if parent_id == str(parent) and title:
            found[int(folder.name)] = title
    return found
