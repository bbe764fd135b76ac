"""How the outside stops an attempt, and what the attempt tells the outside."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from shared.database import Database
from shared.errors import DeadlineExceeded, LeaseLost, TaskCancelled
from shared.group_commit import GroupCommit
from shared.tasks import settling, timeline
from tests.unit.workers.runs import Answers
from workers.run_handle import RunHandle


class Written(GroupCommit):
    """The group commit with its transaction taken out: what would be written, in order."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, [timeline.append, settling.report_progress])
        self.items: list[tuple[Any, Any]] = []

    def enqueue(self, operation: Any, item: Any, waiter: Any) -> None:
        assert waiter is None, "an attempt must never wait for a write"
        self.items.append((operation, item))


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    database = Database(f"sqlite:///{tmp_path / 'unused.db'}")
    commits = Written(database)
    yield commits
    commits.close()
    database.close()


@pytest.fixture
def run(written: Written) -> RunHandle:
    return _run(written)


def _run(commits: GroupCommit, deadline_s: float = 60) -> RunHandle:
    return RunHandle("t1", 7, 2, deadline_s, commits, Answers().delivery(b""))


def test_progress_and_steps_carry_the_task_and_its_fence(run: RunHandle, written: Written) -> None:
    run.progress(1, 3, "hematologista")
    run.step("tool_used", tool="indices", ms=3)
    (progress_operation, progress), (step_operation, line) = written.items
    assert progress_operation is settling.report_progress and step_operation is timeline.append
    assert progress == settling.Progress("t1", 7, 1, 3, "hematologista")
    assert (line.task_id, line.kind, line.data) == ("t1", "tool_used", {"tool": "indices", "ms": 3})


def test_an_undisturbed_run_goes_on(run: RunHandle) -> None:
    run.check()
    assert run.interruption is None
    assert 0 < run.remaining() <= 60


def test_a_deadline_that_has_passed_leaves_no_time(written: Written) -> None:
    assert _run(written, deadline_s=-1).remaining() == 0


def test_an_interruption_is_raised_at_the_next_check_and_calls_back_once(run: RunHandle) -> None:
    calls: list[str] = []
    run.on_interrupt(lambda: calls.append("first"))
    run.on_interrupt(lambda: calls.append("second"))
    run.interrupt(TaskCancelled("a pedido"))
    run.interrupt(DeadlineExceeded("tarde"))
    assert calls == ["first", "second"]
    with pytest.raises(TaskCancelled, match="a pedido"):
        run.check()


def test_a_callback_that_comes_too_late_is_called_at_once(run: RunHandle) -> None:
    run.interrupt(LeaseLost("outro"))
    calls: list[int] = []
    run.on_interrupt(lambda: calls.append(1))
    assert calls == [1]


def test_interruptions_at_once_call_back_once_and_one_reason_stands(run: RunHandle) -> None:
    calls: list[int] = []
    run.on_interrupt(lambda: calls.append(1))
    reasons: Sequence[TaskCancelled] = [TaskCancelled(str(number)) for number in range(8)]
    together = threading.Barrier(len(reasons))

    def interrupt(reason: TaskCancelled) -> None:
        together.wait(60)
        run.interrupt(reason)

    with ThreadPoolExecutor(len(reasons)) as pool:
        list(pool.map(interrupt, reasons))
    assert calls == [1]
    assert run.interruption in reasons
