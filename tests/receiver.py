"""A receiver of callbacks on this host: remembers what it was sent, answers as a test says, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

SECRET = "whsec_" + "c2VncmVkby1kZS10ZXN0ZS1zZWdyZWRvLWRlLXRlc3Rl"
OFTEN = str([0.1] * 100)
"""DELIVERY_RETRY_S of a sender that comes again soon and does not give up before a test has looked."""


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        """The body's `data`. Raises WebhookVerificationError when the public library does not accept the signature."""
        message: dict[str, dict[str, Any]] = Webhook(SECRET).verify(self.body, self.headers)
        return message["data"]


class Receiver:
    """Its state. `answers`: path → status; `open` is cleared to leave senders without an answer."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.answers: dict[str, int] = {}
        self.open = threading.Event()
        self.open.set()
        self.port = 0

    def at(self, path: str, task_id: str | None = None) -> list[Received]:
        """What came to `path`, of one task where it is named."""
        found = [one for one in list(self.requests) if one.path == path]
        return [one for one in found if task_id is None or one.data["task_id"] == task_id]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256  # a crowd that comes at once is not turned away


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens on a free port of the loopback."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append(Received(self.path, headers, body))
            receiver.open.wait(60)
            self.send_response(receiver.answers.get(self.path, 204))
            self.send_header("location", "/redirected")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on standard error."""

    server = _Server(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, name="receiver", daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.open.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
