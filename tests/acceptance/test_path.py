"""The path itself, on both engines and both databases: POST, work, result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.rabbitmq_node import RabbitNode
from tests.platform import Platform, running_platform


@pytest.fixture(params=["pika", "dramatiq"])
def platform(
    request: pytest.FixtureRequest, rabbit: RabbitNode, database_url: str, tmp_path: Path
) -> Iterator[Platform]:
    with running_platform(rabbit, database_url, tmp_path, request.param) as running:
        yield running


def test_a_task_goes_all_the_way(platform: Platform) -> None:
    task = platform.submit("/api/eco/", {"texto": "olá"})
    view = platform.finished(task)
    assert (view["status"], view["result"]["eco"]["texto"]) == ("completed", "olá")
    assert platform.timeline(task).count("completed") == 1
