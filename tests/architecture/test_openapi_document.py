"""What a stranger meets at /docs: one name for one thing, and refusals in our own shapes."""

from __future__ import annotations

import json

from api.main import create_app
from shared.settings import load_settings

DOCUMENT = create_app(load_settings()).openapi()
OPERATIONS = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]


def test_every_operation_has_a_summary_and_a_chapter_that_is_listed_once() -> None:
    chapters = [tag["name"] for tag in DOCUMENT["tags"]]
    assert len(chapters) == len(set(chapters))
    assert {tag for operation in OPERATIONS for tag in operation["tags"]} <= set(chapters)
    assert all(operation["summary"] for operation in OPERATIONS)


def test_no_two_views_share_a_name() -> None:
    """pydantic tells namesakes apart by their modules, which no caller should have to read."""
    assert [name for name in DOCUMENT["components"]["schemas"] if name.startswith("api__")] == []


def test_no_refusal_has_a_shape_that_is_not_ours() -> None:
    assert "HTTPValidationError" not in json.dumps(DOCUMENT)
