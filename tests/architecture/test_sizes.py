"""A file past 300 lines is asking to be two; a function past 60 to be several."""

from __future__ import annotations

from statistics import median

import pytest

from tests.architecture.sources import LOCAL, SHIPPED, functions, length, place, python_files

LONGEST_FILE = 300
LONGEST_TEST_FILE = 400
LONGEST_FUNCTION = 60
MEDIAN_FUNCTION = 10
MEDIAN_FILE = 142


@pytest.mark.parametrize(("folders", "limit"), [((*SHIPPED, *LOCAL), LONGEST_FILE), (("tests",), LONGEST_TEST_FILE)])
def test_no_file_is_too_long(folders: tuple[str, ...], limit: int):
    lines = {place(file): len(file.read_text().splitlines()) for file in python_files(*folders)}
    assert {name: count for name, count in lines.items() if count > limit} == {}


def test_no_function_is_too_long():
    # A migration is a list of statements; cutting it up would hide their order.
    files = [file for file in python_files(*SHIPPED, *LOCAL) if file.parent.name != "versions"]
    sizes = {f"{place(file)}:{node.name}": length(node) for file in files for node in functions(file)}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FUNCTION} == {}


def test_functions_and_files_are_small_as_a_rule():
    files = [file for file in python_files(*SHIPPED) if file.name != "__init__.py"]
    assert median(length(node) for file in files for node in functions(file)) <= MEDIAN_FUNCTION
    assert median(len(file.read_text().splitlines()) for file in files) <= MEDIAN_FILE
