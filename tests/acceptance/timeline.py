"""Reading a task's server-sent events as a browser does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx


class Line(NamedTuple):
    id: int
    kind: str
    data: dict[str, Any]


def follow(client: httpx.Client, task_id: str, after: int | None = None) -> Iterator[Line]:
    """Lines as they arrive, until the task has ended; `after` resumes with Last-Event-ID."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    with client.stream("GET", f"/api/tasks/{task_id}/events", headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        for text in stream.iter_lines():
            name, separator, value = text.partition(": ")
            if separator and name:
                fields[name] = value
            elif not text and fields:
                yield Line(int(fields["id"]), fields["event"], json.loads(fields["data"]))
                fields = {}


def kinds(client: httpx.Client, task_id: str) -> list[str]:
    """The kinds of a finished task's lines, in order."""
    return [line.kind for line in follow(client, task_id)]
