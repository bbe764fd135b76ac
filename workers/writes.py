"""The two streams of a consumer's writes: what comes in, and what came of it.

On PostgreSQL each has a connection of its own, so that claims need not wait for a commit of results nor the other way
round. A task's claim is answered before anything else of it is written, so their order holds. SQLite has one writer.
"""

from __future__ import annotations

from typing import Any

from shared.database import Database
from shared.group_commit import GroupCommit, Operation
from shared.tasks import acceptance, claiming, finding, rejected, settling, timeline

# Within one transaction: rows before claims, claims before what they cause, a task's lines before its end.
INTAKE: list[Operation] = [acceptance.adopt, rejected.keep, claiming.claim]
OUTCOMES: list[Operation] = [
    finding.save_findings,
    timeline.append,
    settling.report_progress,
    settling.settle,
]


class Writes:
    """Implements `shared.group_commit.Commits`. Make it after the fork."""

    def __init__(self, database: Database) -> None:
        self._outcomes = GroupCommit(database, OUTCOMES if database.is_postgresql else [*INTAKE, *OUTCOMES])
        self._intake = GroupCommit(database, INTAKE) if database.is_postgresql else self._outcomes

    def write(self, operation: Operation, item: Any) -> Any:
        return self._stream(operation).write(operation, item)

    def enqueue(self, operation: Operation, item: Any, waiter: Any) -> None:
        self._stream(operation).enqueue(operation, item, waiter)

    def close(self) -> None:
        """Finish what was queued, then stop."""
        self._intake.close()
        self._outcomes.close()

    def _stream(self, operation: Operation) -> GroupCommit:
        return self._intake if operation in INTAKE else self._outcomes
