"""A Crew that leaves nothing on disk: the stock one logs inputs and outputs in clear to a SQLite file."""

from __future__ import annotations

from typing import Any

from crewai import Crew
from pydantic import PrivateAttr


class _NoStorage:
    """Stands where crewai keeps its `TaskOutputStorageHandler`; replaying from it is not a feature of ours."""

    def update(self, task_index: int, log: dict[str, Any]) -> None:
        """Forget."""

    def add(self, *args: Any, **kwargs: Any) -> None:
        """Forget."""

    def reset(self) -> None:
        """Nothing to reset."""

    def load(self) -> list[dict[str, Any]]:
        return []


class PrivateCrew(Crew):
    """See the module."""

    _task_output_handler: Any = PrivateAttr(default_factory=_NoStorage)
