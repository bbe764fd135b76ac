"""A private RabbitMQ in a container, where no rabbitmq-server can be installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from dev.console import DevError
from dev.credentials import Credentials
from dev.definitions import BrokerUser, definitions
from dev.ports import free_ports
from dev.rabbitmq_node import Progress, greets

IMAGE = "rabbitmq:4-management"
START_DEADLINE_S = 150.0
POLL_S = 0.2


def docker_works() -> bool:
    """Whether there is a docker whose daemon answers this user."""
    return shutil.which("docker") is not None and _docker("info")[0]


class DockerRabbitNode:
    """The same surface as RabbitNode, as far as `make up` and `make demo` need it. Data goes when it stops."""

    def __init__(self, folder: Path, vhosts: Sequence[str]) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.vhosts = list(vhosts)
        self.credentials = Credentials.load_or_make(self.folder / "credentials.json")
        self.container = f"plantao-{self.credentials.installation}"
        self._amqp, self._management, self._prometheus = free_ports(3)

    @property
    def users(self) -> dict[str, BrokerUser]:
        return self.credentials.users()

    @property
    def management_url(self) -> str:
        return f"http://127.0.0.1:{self._management}"

    def url(self, role: str = "admin", vhost: str | None = None) -> str:
        """AMQP URL for `api`, `worker` or `admin`; without a vhost unless one is named."""
        user = self.users[role]
        return f"amqp://{user.name}:{user.password}@127.0.0.1:{self._amqp}" + (f"/{vhost}" if vhost else "")

    def launch(self) -> None:
        """Run the container without waiting. Raises DevError with docker's words."""
        self.stop()
        worked, said = _docker(*self._create_command())
        if not worked:
            raise DevError(f"docker could not make a RabbitMQ container: {said}")
        for source, target in self._files().items():
            worked, said = _docker("cp", source, f"{self.container}:{target}")
            if not worked:
                raise DevError(f"docker cp into the RabbitMQ container failed: {said}")
        worked, said = _docker("start", self.container)
        if not worked:
            raise DevError(f"docker could not start RabbitMQ: {said}")

    def stop(self) -> None:
        """Remove our own container, by its name."""
        _docker("rm", "--force", "--volumes", self.container)

    def _create_command(self) -> list[str]:
        ports = {self._amqp: 5672, self._management: 15672, self._prometheus: 15692}
        published = [part for ours, its in ports.items() for part in ("-p", f"127.0.0.1:{ours}:{its}")]
        return ["create", "--name", self.container, "--hostname", "plantao", *published, IMAGE]

    def _files(self) -> dict[str, str]:
        """Files to copy in. Copied, not mounted: the daemon may not see this machine's folders.

        They are world-readable inside a folder that is not, because the server there runs as another user.
        """
        private = self.folder / "docker"
        private.mkdir(mode=0o700, exist_ok=True)
        texts = {
            "definitions.json": json.dumps(definitions(self.vhosts, self.users.values())),
            "rabbitmq.conf": "load_definitions = /etc/rabbitmq/definitions.json\n",
            "enabled_plugins": "[rabbitmq_management,rabbitmq_prometheus].\n",
        }
        targets = {
            "definitions.json": "/etc/rabbitmq/definitions.json",
            "rabbitmq.conf": "/etc/rabbitmq/rabbitmq.conf",
            "enabled_plugins": "/etc/rabbitmq/enabled_plugins",
        }
        for name, text in texts.items():
            (private / name).write_text(text)
            (private / name).chmod(0o644)
        return {str(private / name): target for name, target in targets.items()}

    def wait_ready(self, progress: Progress, deadline_s: float = START_DEADLINE_S) -> None:
        """Wait until clients can connect. Raises DevError with the container's last words."""
        end = time.monotonic() + deadline_s
        while not greets(self._amqp):
            progress(f"container {self.container}, port {self._amqp}")
            running = _docker("inspect", "--format", "{{.State.Running}}", self.container)[1] == "true"
            if not running or time.monotonic() > end:
                said = _docker("logs", "--tail", "15", self.container)[1]
                self.stop()
                raise DevError(f"RabbitMQ in docker did not come up. Its last words:\n{said}")
            time.sleep(POLL_S)


def _docker(*arguments: str) -> tuple[bool, str]:
    """Whether it worked, and what docker said."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    return done.returncode == 0, (done.stdout + done.stderr).strip()
