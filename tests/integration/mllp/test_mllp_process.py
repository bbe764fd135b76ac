"""The process itself: what it has answered outlives it, and it stops as it is told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from shared.database import Database
from shared.tasks.schema import tasks, workers
from tests.integration.mllp.process import listener_process
from tests.integration.mllp.sender import hemogram
from tests.platform import ROOT


def test_an_answer_outlives_a_kill(store: Database, store_url: str, tmp_path: Path):
    with listener_process(store_url, tmp_path) as listener:
        answer = listener.send(hemogram())
        listener.process.kill()
        listener.process.wait(10)
    assert answer.segment("MSA").text(1) == "AA"
    with store.read() as connection:
        assert connection.execute(select(tasks.c.id)).scalar_one() == answer.segment("MSA").text(3)


def test_it_shows_itself_counts_drains_and_says_so(store: Database, store_url: str, tmp_path: Path):
    with listener_process(store_url, tmp_path) as listener:
        for message in (hemogram(), hemogram(), hemogram().replace(b"529.982.247-25", b"529.982.247-26")):
            listener.send(message)
        of = 'plantao_mllp_messages_accepted_total{domain="exames",event="hemograma",repeated='
        assert [listener.metric(f'{of}"{repeated}"') for repeated in ("no", "yes")] == [1, 1]
        refused = 'plantao_mllp_messages_refused_total{domain="exames",reason="valor_invalido"}'
        assert listener.metric(refused) == 1
        assert listener.metric("plantao_mllp_answer_seconds_count") == len(("new", "repeated", "refused"))
        listener.process.send_signal(signal.SIGTERM)
        assert listener.process.wait(120) == 0
    with store.read() as connection:
        row = connection.execute(select(workers)).one()
    assert (row.kind, row.state, row.pid) == ("mllp", "stopped", listener.process.pid)
    assert "Marina" not in listener.log.read_text()


def test_the_command_explains_itself_and_refuses_a_taken_port(tmp_path: Path):
    command = [sys.executable, "-m", "workers.mllp"]
    said = subprocess.run([*command, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert said.returncode == 0 and "AA only after the task is durable" in said.stdout
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}", "DOMAIN_PACKAGES": '["handlers"]'}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = subprocess.run(
            [*command, "--port", port], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600
        )
    assert refused.returncode == 1 and "mllp_cannot_listen" in refused.stderr
