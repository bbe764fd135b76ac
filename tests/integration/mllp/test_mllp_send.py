"""The commands that people try first: a message sent by hand, and those of the demo."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dev.demo_documents import MllpMessage, documents
from dev.mllp_send import NO_ANSWER, REFUSED, main
from dev.ports import free_ports
from handlers.registry import load_domains
from shared.database import Database
from shared.settings import DomainSettings
from tests.integration.mllp.conftest import Start
from tests.integration.mllp.sender import hemogram
from tests.integration.mllp.test_mllp import task_ids
from workers.mllp_server import MllpServer


async def send(server: MllpServer, *files: Path) -> int:
    return await asyncio.to_thread(main, [*map(str, files), "--port", str(server.port)])


async def test_files_are_sent_and_the_exit_code_says_how_it_went(
    store: Database, start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    server = await start()
    good, bad = tmp_path / "good.hl7", tmp_path / "bad.hl7"
    good.write_bytes(hemogram())
    bad.write_bytes(hemogram("OTHER").replace(b"ORU^R01", b"QRY^A19"))
    assert await send(server, good) == 0
    assert f"MSA|AA|LAB000123|{task_ids(store)[0]}" in capsys.readouterr().out
    assert await send(server, good, bad) == REFUSED
    assert "tipo_nao_aceito" in capsys.readouterr().out
    assert await asyncio.to_thread(main, [str(good), "--port", str(free_ports(1)[0])]) == NO_ANSWER


def test_a_file_that_is_not_there_is_wrong_usage(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["absent.hl7"])
    assert (ended.value.code, "absent.hl7: No such file" in capsys.readouterr().err) == (2, True)


async def test_the_demos_message_is_a_new_task_each_time(store: Database, start: Start):
    server = await start()
    found = documents(load_domains(["handlers"]), DomainSettings(), ("127.0.0.1", server.port))
    [message] = [document for _, document in found if isinstance(document, MllpMessage)]
    sent = [await message.send() for _ in range(2)]
    assert sorted(one.task_id for one in sent) == task_ids(store)
