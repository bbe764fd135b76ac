"""The loop of docs/chat.md in real Node, against the real server."""

from __future__ import annotations

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from tests.integration.chat.scripted import ScriptedGateway
from tests.integration.chat.serving import Served
from tests.platform import ROOT

LOOP = ROOT / "tests" / "clients" / "chat_loop.mjs"
NODE = Path(sys.prefix) / "bin" / "node"


async def test_a_plain_loop_prints_the_answer_once(served: Served, gateway: ScriptedGateway) -> None:
    pieces = ["Sepse: ", '"qSOFA" ', "≥ 2\n", "data: não é um evento\n\n", "\u2028", "👩\u200d⚕️", "fim"]
    gateway.scripts = [[*pieces]]
    command = [str(NODE), str(LOOP), served.address, "Critérios?"]
    running = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    out, err = await asyncio.wait_for(running.communicate(), 60)
    assert (running.returncode, err.decode()) == (0, "")
    assert out.decode() == "".join(pieces)
    assert gateway.requests[0].messages == [{"role": "user", "content": "Critérios?"}]


def test_the_documented_loop_is_the_tested_one() -> None:
    shown = re.search(r"```js\n(.*?)```", (ROOT / "docs" / "chat.md").read_text(), re.DOTALL)
    assert shown is not None and shown[1] == LOOP.read_text()
