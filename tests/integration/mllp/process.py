"""`python -m workers.mllp` as a process of its own, and a plain socket to speak to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from dev.ports import free_ports
from shared.hl7.message import Message, parse
from tests.platform import ROOT, eventually
from workers.mllp_framing import framed


@dataclass
class Listener:
    process: subprocess.Popen[bytes]
    port: int
    metrics_port: int
    log: Path

    def send(self, message: bytes) -> Message:
        """The ACK, over a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            connection.sendall(framed(message))
            answer = b""
            while not answer.endswith(b"\x1c\r"):
                more = connection.recv(65_536)
                assert more, f"the listener hung up\n{self.log.read_text()}"
                answer += more
        return parse(answer[1:-2])

    def metric(self, sample: str) -> float:
        """The value of one line of its metrics; 0 when it is not there."""
        text = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=60).text
        return next((float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(sample)), 0.0)

    def listens(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def listener_process(database_url: str, folder: Path) -> Iterator[Listener]:
    """A listener on a free port, which listens; ended when the test is over."""
    (port, metrics_port), log = free_ports(2), folder / "mllp.log"
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DOMAIN_PACKAGES": '["handlers"]',
        "LOG_FORMAT": "json",
        "MLLP_METRICS_PORT": str(metrics_port),
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.mllp", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    listener = Listener(process, port, metrics_port, log)
    try:
        eventually(listener.listens, "the listener listens")
        yield listener
    finally:
        process.kill()
        process.wait(10)
