"""A private RabbitMQ node: own name, ports, port mapper, cookie and data folder. It touches no other node."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dev.console import DevError
from dev.credentials import Credentials
from dev.definitions import BrokerUser, definitions, queues_of
from dev.owned_process import OwnedProcess, wait_until
from dev.ports import accepts, free_ports, is_free
from dev.rabbitmq_programs import RabbitPrograms, find_programs

PORT_NAMES = ("amqp", "management", "prometheus", "dist", "epmd")
NODE_NAME = "plantao@localhost"
START_DEADLINE_S = 90.0
STOP_GRACE_S = 20.0
PORTS_GRACE_S = 5.0
LISTENER_POLL_S = 0.1
PLUGINS = "[rabbitmq_management,rabbitmq_prometheus].\n"
# Few schedulers that sleep at once when idle: a development node must not heat the machine.
ERLANG_FLAGS = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"

Progress = Callable[[str], None]


class RabbitNode:
    """A broker of our own for development and tests.

    `folder` keeps everything and survives `stop` and `kill`: queues, messages, passwords, logs and the port
    numbers. The vhosts hold the queues and users of `dev.definitions`.
    """

    def __init__(self, folder: Path, vhosts: Sequence[str], programs: RabbitPrograms | None = None) -> None:
        """Raises DevError when RabbitMQ is not installed."""
        found = programs or find_programs()
        if found is None:
            raise DevError("rabbitmq-server is not installed. Run:  python -m dev.prerequisites rabbitmq")
        self.folder = folder.resolve()
        self.vhosts = list(vhosts)
        self._programs = found
        self.folder.mkdir(parents=True, exist_ok=True)
        self.credentials = Credentials.load_or_make(self.folder / "credentials.json")
        self.ports = self._choose_ports()
        self._crashed = False
        self._epmd = OwnedProcess("epmd", self.folder / "epmd.pid", self.folder / "log" / "epmd.log")
        self._server = OwnedProcess("RabbitMQ", self.folder / "server.pid", self.folder / "log" / "start.log")

    # -- what callers connect to

    def url(self, role: str = "admin", vhost: str | None = None) -> str:
        """AMQP URL for `api`, `worker` or `admin`; without a vhost unless one is named."""
        user = self.users[role]
        path = f"/{vhost}" if vhost else ""
        return f"amqp://{user.name}:{user.password}@127.0.0.1:{self.ports['amqp']}{path}"

    @property
    def users(self) -> dict[str, BrokerUser]:
        return self.credentials.users()

    @property
    def management_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['management']}"

    @property
    def log(self) -> Path:
        return self._server.log

    @property
    def is_running(self) -> bool:
        return self._server.is_running

    # -- life

    def start(self, progress: Progress | None = None, deadline_s: float = START_DEADLINE_S) -> None:
        """Start and wait until clients can connect. Raises DevError with the log's end when it does not come up."""
        self.launch()
        self.wait_ready(progress, deadline_s)

    def launch(self) -> None:
        """Start without waiting. A left-over of an earlier run in the same folder is stopped first."""
        self._server.stop_leftover()
        self._epmd.stop_leftover()
        # The Erlang process outlives its start script by a moment; only a stranger's port stays taken.
        if not wait_until(lambda: all(is_free(port) for port in self.ports.values()), PORTS_GRACE_S):
            (self.folder / "ports.json").unlink()
            self.ports = self._choose_ports()
        self._write_configuration()
        env = self._environment()
        epmd = [self._programs.epmd, "-address", "127.0.0.1", "-port", str(self.ports["epmd"])]
        self._epmd.start(epmd, env)
        if not wait_until(lambda: accepts(self.ports["epmd"]) or not self._epmd.is_running, deadline_s=60):
            raise self._epmd.failure("does not listen", "Run again; other ports will be tried.")
        self._node_pid_file.unlink(missing_ok=True)
        self._crashed = self._unclean.exists()
        self._unclean.touch()
        self._server.start([self._programs.server], env, cwd=self.folder)

    def stop(self) -> None:
        """Shut down in order; everything stays in the folder. A node that is still starting is killed."""
        if self._server.is_running and self._node_pid_file.exists():
            # The Erlang process itself: the start script would start a slow rabbitmqctl instead.
            os.kill(int(self._node_pid_file.read_text()), signal.SIGTERM)
            self._server.wait_or_kill(STOP_GRACE_S)
            self._unclean.unlink(missing_ok=True)
        self._server.kill()
        self._epmd.stop(grace_s=5)

    def kill(self) -> None:
        """kill -9 of the node, as a crash; returns when nobody listens any more."""
        self._server.kill()
        wait_until(lambda: not accepts(self.ports["amqp"]), PORTS_GRACE_S)
        self._epmd.kill()

    def restart(self, progress: Progress | None = None) -> None:
        self.stop()
        self.start(progress)

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl against this node and return its output, e.g. `ctl("close_all_connections", "test")`.

        Raises DevError with what rabbitmqctl said.
        """
        argv = [self._programs.ctl, "--quiet", "--node", NODE_NAME, *arguments]
        done = subprocess.run(argv, env=self._environment(), cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise DevError(f"rabbitmqctl {arguments[0]}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def __enter__(self) -> RabbitNode:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- inside

    def _choose_ports(self) -> dict[str, int]:
        """The ports of last time, so that URLs stay; new ones the first time."""
        kept = self.folder / "ports.json"
        if not kept.exists():
            kept.write_text(json.dumps(dict(zip(PORT_NAMES, free_ports(len(PORT_NAMES)), strict=True))))
        ports: dict[str, int] = json.loads(kept.read_text())
        return ports

    def _write_configuration(self) -> None:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        cookie = home / ".erlang.cookie"
        if not cookie.exists():
            cookie.touch(mode=0o600)
            cookie.write_text(self.credentials.erlang_cookie)
        (self.folder / "env.conf").write_text("")
        (self.folder / "enabled_plugins").write_text(PLUGINS)
        wanted = self.folder / "definitions.json"
        wanted.touch(mode=0o600)
        wanted.write_text(json.dumps(definitions(self.vhosts, self.users.values())))
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.ports['amqp']}\n"
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.ports['management']}\n"
            f"prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = {self.ports['prometheus']}\n"
            f"load_definitions = {wanted}\n"
            "log.console = false\nlog.file.level = info\n"
        )

    def _environment(self) -> Mapping[str, str]:
        """Every RABBITMQ_ variable is ours: a stray one would lead the node into somebody else's folder."""
        foreign = ("RABBITMQ_", "ERL_")
        env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return env | {
            "HOME": str(self.folder / "home"),
            "ERL_EPMD_PORT": str(self.ports["epmd"]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": NODE_NAME,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.ports["amqp"]),
            "RABBITMQ_DIST_PORT": str(self.ports["dist"]),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self._node_pid_file),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "env.conf"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_FLAGS,
        }

    def _elect_leaders(self) -> None:
        """On RabbitMQ 3.10 a quorum queue of one member sometimes stays without a leader after a crash, for ever."""
        elections = [
            f"ra:trigger_election({{'{vhost}_{queue}', node()}})" for vhost in self.vhosts for queue in queues_of(vhost)
        ]
        self.ctl("eval", f"[{', '.join(f'catch {election}' for election in elections)}].")

    @property
    def _unclean(self) -> Path:
        """Exists while the node runs, and on after it crashed."""
        return self.folder / "running"

    @property
    def _node_pid_file(self) -> Path:
        return self.folder / "node.pid"

    def wait_ready(self, progress: Progress | None = None, deadline_s: float = START_DEADLINE_S) -> None:
        """Wait until clients can connect. Raises DevError with the log's end when it does not come up."""
        tell = progress or (lambda _: None)
        began = time.monotonic()
        while not greets(self.ports["amqp"]):
            waited = time.monotonic() - began
            tell(f"waiting for port {self.ports['amqp']}")
            if not self._server.is_running:
                raise self._server.failure("ended while starting", f"Its own log is in {self.folder / 'log'}.")
            if waited > deadline_s:
                self.kill()
                raise self._server.failure(f"was not ready after {deadline_s:.0f} s", "Run again, or free some memory.")
            time.sleep(LISTENER_POLL_S)
        if self._crashed:
            self._elect_leaders()
        tell(f"port {self.ports['amqp']}")


def greets(port: int) -> bool:
    """Whether a broker answers an AMQP header. Listeners open last, after definitions are loaded."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
            probe.settimeout(2)
            probe.sendall(b"AMQP\x00\x00\x09\x01")
            return probe.recv(1) == b"\x01"
    except OSError:
        return False
