"""The application behind a real HTTP server, over models that say what a test tells them to."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from api import main
from api.serving import DrainingServer
from shared.llm.contract import (
    CallContext,
    ChatReply,
    ChatRequest,
    Finished,
    ModelCard,
    StreamEvent,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from shared.settings import load_settings

NOBODY = "amqp://guest:guest@127.0.0.1:1"
CARDS = [
    ModelCard("padrao", "policy", "openai_compatible", "m-primeira", 32_768, 4_096, inside=True),
    ModelCard("primeira", "deployment", "openai_compatible", "m-primeira", 32_768, 4_096, inside=True),
]


def reply(text: str = "Olá, mundo", *calls: ToolCall, reason: str | None = None, **more: Any) -> ChatReply:
    """A whole answer of the deployment `primeira`."""
    finish = reason or ("tool_calls" if calls else "stop")
    usage = Usage(7, 3, "provider")
    return ChatReply(text, calls, finish, usage, "openai_compatible", "m-primeira", "primeira", "pedido", **more)


def pieces(whole: ChatReply) -> list[StreamEvent]:
    """The answer as a provider would stream it: text by words, arguments in two fragments."""
    events: list[StreamEvent] = [TextDelta(word) for word in re.findall(r"\S+\s*", whole.text)]
    for index, call in enumerate(whole.tool_calls):
        text = json.dumps(call.arguments)
        events += [ToolCallDelta(index, text[:5], call.id, call.name), ToolCallDelta(index, text[5:])]
    return [*events, Finished(whole)]


@dataclass
class Scripted:
    """A `ModelGateway` that plays `script`: events, or an exception where the answer breaks; remembers every call."""

    script: Sequence[StreamEvent | Exception] = ()
    asked: list[ChatRequest] = field(default_factory=list)
    contexts: list[CallContext] = field(default_factory=list)

    def answers(self, *script: StreamEvent | Exception) -> None:
        self.script = script
        self.asked.clear()
        self.contexts.clear()

    async def complete(self, request: ChatRequest, context: CallContext) -> ChatReply:
        async for event in self.stream(request, context):
            if isinstance(event, Finished):
                return event.reply
        raise AssertionError("the script has no end")

    async def stream(self, request: ChatRequest, context: CallContext) -> AsyncGenerator[StreamEvent, None]:
        self.asked.append(request)
        self.contexts.append(context)
        for step in self.script:
            if isinstance(step, Exception):
                raise step
            yield step

    def models(self) -> Sequence[ModelCard]:
        return CARDS

    async def close(self) -> None:
        return None


@contextmanager
def listening(gateway: Any = None, **environment: str) -> Iterator[str]:
    """The base address of `/v1`; `gateway` stands in for the real one, and `environment` for the settings."""
    values = {"RABBITMQ_URL": NOBODY, "DOMAIN_PACKAGES": '["handlers"]'} | environment
    with socket.socket() as listener, pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        if gateway is not None:
            patch.setattr(main, "open_gateway", lambda *_, **__: gateway)
        listener.bind(("127.0.0.1", 0))
        app = main.create_app(load_settings())
        server = DrainingServer(app, uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the API did not start"
                time.sleep(0.01)
            patch.undo()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            thread.join(20)


def models_file(folder: Path, first: str, second: str) -> str:
    """A catalogue of one policy over two deployments at these addresses, and no patience."""
    deployments = "".join(
        f'[deployments.{name}]\nprovider = "openai_compatible"\nmodel = "m-{name}"\nbase_url = "{url}"\n'
        "prices = { input = 1.5, output = 6.0 }\n"
        for name, url in (("primeira", first), ("reserva", second))
    )
    file = folder / "models.toml"
    file.write_text(f'{deployments}[policies.padrao]\ndeployments = ["primeira", "reserva"]\nretries = 0\n')
    return str(file)
