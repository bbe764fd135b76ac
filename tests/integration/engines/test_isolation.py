"""An attempt in a process of its own: what it says comes back, and what kills it kills nobody else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from shared import clock
from shared.database import Database
from shared.errors import ModelRefused, RulesFailed, TaskCancelled, WorkerKilled
from shared.findings import Avaliacao
from shared.group_commit import GroupCommit
from shared.tasks import settling, timeline
from shared.tasks.claiming import Claimed
from tests.unit.workers.runs import Answers
from workers import isolation
from workers.run_handle import RunHandle


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunHandle]:
    database = Database(f"sqlite:///{tmp_path / 'unused.db'}")
    commits = GroupCommit(database, [timeline.append, settling.report_progress])
    yield RunHandle("t1", 1, 1, 60, commits, Answers().delivery(b""))
    commits.close()
    database.close()


def claim(event: str, payload: Any) -> Claimed:
    return Claimed("t1", 1, 1, 0, 2, "eco", event, json.dumps(payload), clock.now(), "default", "tests")


def perform(run: RunHandle, event: str, kept: list[Avaliacao] | None = None, **payload: Any) -> dict[str, Any]:
    return isolation.perform("eco", claim(event, payload), run, (kept if kept is not None else []).append)


def test_findings_and_result_come_back_whole(run: RunHandle) -> None:
    kept: list[Avaliacao] = []
    assert perform(run, "instavel", kept, falhas=0) == {"tentativa": 1}
    (evaluation,) = kept
    assert [(found.codigo, found.evidencia) for found in evaluation.criticos] == [("critico_teste", {"valor": "7"})]


def test_a_task_that_kills_its_process_is_reported_after_its_findings(run: RunHandle, tmp_path: Path) -> None:
    kept: list[Avaliacao] = []
    with pytest.raises(WorkerKilled, match="-9"):
        perform(run, "mortal", kept, mortes=1, arquivo=str(tmp_path / "mortes"))
    assert len(kept[0].achados) == 1
    assert len((tmp_path / "mortes").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("event", "payload", "kind", "words"),
    [
        ("recusado", {}, ModelRefused, "o modelo recusou"),
        ("regra", {"motivo": "sem idade"}, RulesFailed, "sem idade"),
        ("regra", {}, RulesFailed, "ZeroDivisionError"),
        ("sumiu", {}, RulesFailed, "sumiu"),
    ],
)
def test_an_error_comes_back_as_itself(
    run: RunHandle, event: str, payload: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        perform(run, event, **payload)


def test_a_child_is_killed_when_the_attempt_must_stop(run: RunHandle) -> None:
    began = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(isolation.perform, "eco", claim("lento", {"segundos": 600}), run, lambda _: began.set())
        assert began.wait(120)
        run.interrupt(TaskCancelled("a pedido"))
        with pytest.raises(TaskCancelled):
            running.result(120)


def test_the_time_a_child_takes_to_start_is_not_the_tasks(run: RunHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: list[float] = []
    monkeypatch.setattr(run, "remaining", lambda: 4.0)
    monkeypatch.setattr(run, "allow", allowed.append)
    perform(run, "instavel", falhas=0)
    assert allowed == [isolation.START_S + 4.0, 4.0]
