"""Holding tasks of the `portao` event in mid-work for as long as a test likes."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from tests.platform import Platform, eventually


class Gate:
    """One closed gate; every task that waits at it runs until `open`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"portao-{uuid4().hex}"

    def submit(self, platform: Platform) -> str:
        """A task that will wait here; its id."""
        return platform.submit("/api/eco/portao/", {"arquivo": str(self._file)})

    def hold(self, platform: Platform) -> str:
        """A task that waits here already, a worker's lease on it."""
        task = self.submit(platform)
        reached(platform, task, "running")
        return task

    def open(self) -> None:
        self._file.touch()


def reached(platform: Platform, task_id: str, status: str) -> None:
    """Wait until the task is in `status`."""
    eventually(lambda: platform.view(task_id)["status"] == status, f"{task_id} is {status}\n{platform.log('workers')}")
