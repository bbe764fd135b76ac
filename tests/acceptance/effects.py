"""The law of effects: a task completes, and its effect happens once."""

from __future__ import annotations

from tests.acceptance.timeline import kinds
from tests.platform import Platform


def once(platform: Platform, task: str) -> dict[str, object]:
    """The view of a task that must complete, with its effect exactly once."""
    view = platform.finished(task)
    assert view["status"] == "completed", view
    assert kinds(platform.client, task).count("completed") == 1
    assert len(platform.client.get(f"/api/tasks/{task}/results").json()) == 1
    return view
