"""Nothing clinical is ever accepted by itself: one endpoint writes decisions, everything else says `pendente`."""

from __future__ import annotations

import ast
import re

from tests.architecture.sources import SHIPPED, place, python_files, tree

WRITE = re.compile(r"\b(?:\w*insert|update|delete)\((?:connection, )?task_reviews\b\)?")


def calls(name: str) -> dict[str, list[ast.Call]]:
    """Where the shipped code calls something of this name, by file."""
    found: dict[str, list[ast.Call]] = {}
    for file in python_files(*SHIPPED):
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
                found.setdefault(place(file), []).append(node)
    return found


def test_only_the_review_endpoint_records_a_decision():
    assert set(calls("reviews.record")) == {"api/routers/reviews.py"}
    code = {place(file): file.read_text() for file in python_files(*SHIPPED)}
    writes = {name: found for name, text in code.items() if (found := WRITE.findall(text))}
    assert writes == {"shared/tasks/reviews.py": ["insert(task_reviews)"]}


def test_whoever_else_makes_a_review_makes_a_pending_one():
    made = calls("Revisao")
    assert made
    assert [file for file, found in made.items() if any(call.args or call.keywords for call in found)] == []
