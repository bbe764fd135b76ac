"""The page for those who use the webhook client: what it shows is taken as it stands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from dev.ports import free_ports
from handlers.conversas.requests import Pergunta, PerguntaRecebida
from shared.clock import now
from shared.notifications.contacts import Contacts
from shared.notifications.receivers import Receivers
from shared.tasks import answers
from shared.tasks.answers import TaskAnswer
from tests.platform import ROOT, eventually
from tests.receiver import SECRET

PAGE = (ROOT / "docs" / "webhook.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
ANSWER = TaskAnswer("t1", "c1", "completed", None, {"content": "Confira…", "model": "unico", "usage": {}}, None)


def block(kind: str, word: str = "") -> str:
    """The one block of this language that holds the word."""
    (found,) = [body for language, body in BLOCKS if language == kind and word in body]
    return str(found)


def test_the_registered_receivers_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ATENDIMENTO_WEBHOOK_SECRET", "ROBOS_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, SECRET)
    contacts = Contacts.model_validate(tomllib.loads(block("toml")))
    receivers = Receivers({name: endpoint.address for name, endpoint in contacts.endpoints.items()})
    assert receivers.of_url("https://robos.hospital.interno/respostas/7") == "robos"


def test_the_questions_are_valid() -> None:
    (posted,) = re.findall(r"-d '(.+)'", block("bash"))
    PerguntaRecebida.model_validate_json(posted)
    (foreign,) = re.findall(r'^`(\{"event".+\})`\.$', PAGE, re.MULTILINE)
    Pergunta.model_validate(json.loads(foreign)["payload"])


def test_the_callback_has_the_keys_that_are_shown() -> None:
    shown = json.loads(block("json", "result_url"))
    assert json.loads(answers.body(ANSWER, 20_000)).keys() == shown.keys()


def test_the_receiver_takes_what_is_signed_once_and_nothing_else() -> None:
    (port,) = free_ports(1)
    environment = os.environ | {"PORT": str(port), "ATENDIMENTO_WEBHOOK_SECRET": SECRET}
    command = [sys.executable, "-c", block("python")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as receiver:
        try:
            body = answers.body(ANSWER, 20_000)
            eventually(lambda: _posted(port, body), "the receiver listens")
            statuses = [_posted(port, body), _posted(port, body + b" ", signed=body)]
        finally:
            receiver.terminate()
        assert receiver.stdout is not None
        assert statuses == [204, 400]
        assert receiver.stdout.read().splitlines() == ["completed Confira…"]


def _posted(port: int, body: bytes, signed: bytes | None = None) -> Any:
    moment = now()
    headers = {
        "webhook-id": "w1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("w1", moment, (signed or body).decode()),
    }
    try:
        return httpx.post(f"http://127.0.0.1:{port}", content=body, headers=headers, trust_env=False).status_code
    except httpx.ConnectError:
        return None
