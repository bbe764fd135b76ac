"""The demo's question to a model: asked at `POST /webhook`, answered at a receiver of its own, signature checked."""

from __future__ import annotations

import base64
import os
import queue
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

from handlers.conversas.examples import RESPOSTA

DEADLINE_S = 60.0
_CONTACTS = """\
# Written by the demo: it answers to itself, and calls nobody for its alerts.
[endpoints.{name}]
url = "http://127.0.0.1:{port}/respostas"
secret = "{secret}"

[[egress]]
host = "127.0.0.1"
ports = [{port}]
schemes = ["http"]
"""


@dataclass
class AnswerReceiver:
    """Where answers arrive. `secret` is what they must be signed with."""

    secret: str
    port: int = 0
    arrived: queue.Queue[tuple[dict[str, str], bytes]] = field(default_factory=queue.Queue)

    def wait_for(self, request_id: str, deadline_s: float) -> dict[str, Any] | None:
        """The answer to one request, its signature verified; None when it does not come in time.

        Raises WebhookVerificationError for anything that somebody else has signed.
        """
        end = time.monotonic() + deadline_s
        while (left := end - time.monotonic()) > 0:
            try:
                headers, body = self.arrived.get(timeout=left)
            except queue.Empty:
                return None
            answer: dict[str, Any] = Webhook(self.secret).verify(body, headers)
            if answer["request_id"] == request_id:
                return answer
        return None


@contextmanager
def answer_receiver(folder: Path) -> Iterator[AnswerReceiver]:
    """A receiver on a free port of this machine, registered in a CONTACTS_FILE that the platform is told of."""
    receiver = AnswerReceiver("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    receiver.port = server.server_address[1]
    folder.mkdir(parents=True, exist_ok=True)
    contacts = folder / "contacts.toml"
    contacts.touch(mode=0o600)
    text = _CONTACTS.format(name=RESPOSTA["callback_id"], port=receiver.port, secret=receiver.secret)
    contacts.write_text(text)
    os.environ["CONTACTS_FILE"] = str(contacts)
    thread = threading.Thread(target=server.serve_forever, name="demo-receiver", daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def ask(api_url: str, receiver: AnswerReceiver, deadline_s: float = DEADLINE_S) -> tuple[bool, str]:
    """Whether the question was answered, and what a person reads about it."""
    began = time.monotonic()
    try:
        posted = httpx.post(f"{api_url}/webhook", json=RESPOSTA, timeout=deadline_s)
        if posted.status_code != httpx.codes.ACCEPTED:
            return False, f"POST /webhook answered {posted.status_code}"
        answer = receiver.wait_for(posted.json()["request_id"], deadline_s)
    except httpx.HTTPError as error:
        return False, f"the API does not answer: {type(error).__name__}"
    except WebhookVerificationError:
        return False, "a callback came that the platform has not signed"
    if answer is None:
        return False, f"no callback within {deadline_s:.0f} s"
    if answer["status"] != "completed":
        return False, f"the callback says {answer['status']}: {(answer['error'] or {}).get('code')}"
    seconds = time.monotonic() - began
    text = " ".join(answer["content"].split())
    return (
        True,
        f"asked at /webhook, called back after {seconds:.1f} s, signature valid, by {answer['model']}:\n    {text}",
    )


def _handler(receiver: AnswerReceiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.arrived.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on standard error."""

    return Handler
