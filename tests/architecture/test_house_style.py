"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.sources import LOCAL, SHIPPED, functions, place, python_files, tree

DRAWERS = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py", "tools_common.py"}
SELF_EXPLAINING_LINES = 8  # a short body says what a docstring would
POLL_S = 0.1
# The mock provider is slow on purpose, because a test says so.
SLEEPS_FOR_ITS_CALLER = {"tests/llmock/server.py"}


def docstring_is_owed(node: ast.stmt) -> bool:
    """Public, at the top of a module, longer than a few lines; a route says it in its `summary`."""
    if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
        return False
    keywords = {k.arg for call in node.decorator_list if isinstance(call, ast.Call) for k in call.keywords}
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    return lines > SELF_EXPLAINING_LINES and "summary" not in keywords


def test_every_module_says_what_it_is():
    files = [
        file for file in python_files(*SHIPPED, *LOCAL) if file.read_text().strip() and "versions" not in file.parts
    ]
    assert [place(file) for file in files if not ast.get_docstring(tree(file))] == []


def test_what_is_public_and_long_has_a_docstring():
    lacking = [
        f"{place(file)}:{node.name}"
        for file in python_files(*SHIPPED)
        for node in tree(file).body
        if docstring_is_owed(node) and not ast.get_docstring(node)  # type: ignore[arg-type]
    ]
    assert lacking == []


def test_there_is_no_drawer_for_everything():
    assert [place(file) for file in python_files(*SHIPPED, *LOCAL, "tests") if file.name in DRAWERS] == []


def test_nothing_is_left_half_done():
    marks = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
    files = [file for file in python_files(*SHIPPED, *LOCAL, "tests") if file.name != Path(__file__).name]
    assert [place(file) for file in files if marks.search(file.read_text())] == []


def test_no_exception_is_swallowed():
    silent = [
        f"{place(file)}:{node.lineno}"
        for file in python_files(*SHIPPED, *LOCAL)
        for node in ast.walk(tree(file))
        if isinstance(node, ast.ExceptHandler) and _catches_all(node) and _does_nothing(node)
    ]
    assert silent == []


@pytest.mark.parametrize("file", python_files("tests"), ids=place)
def test_tests_wait_for_events_not_for_time(file: Path):
    """A sleep is a poll inside a loop, at most a tenth of a second, never a guess how long something takes."""
    if place(file) in SLEEPS_FOR_ITS_CALLER:
        return
    looped = {
        id(call) for loop in ast.walk(tree(file)) if isinstance(loop, ast.While | ast.For) for call in ast.walk(loop)
    }
    for function in functions(file):
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and _name(call.func) == "sleep":
                seconds = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
                assert seconds == 0 or (id(call) in looped and isinstance(seconds, float) and seconds <= POLL_S), (
                    f"{place(file)}:{call.lineno} sleeps"
                )


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _catches_all(node: ast.ExceptHandler) -> bool:
    return node.type is None or _name(node.type) in {"Exception", "BaseException"}


def _does_nothing(node: ast.ExceptHandler) -> bool:
    return all(isinstance(statement, ast.Pass | ast.Continue) for statement in node.body)
