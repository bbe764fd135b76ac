"""Who a CSV names, by its columns. A text that is no table is what a person typed: nobody can list whom it names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from shared.conversations.people.columns import Holds, holds, names_alone
from shared.conversations.people.unsearchable import Unsearchable
from shared.conversations.people.values import known_values, like_a_name

_DELIMITERS = ";,\t|"
_LONGEST_NAME = 60  # characters of a column's name; prose has commas, too
_LONGEST_ITEM = 80  # of a list with one column
_MOSTLY = 0.5  # of the lines have as many cells as the first: meant as a table, even where it is broken
# What another kind of file looks like when something else stands before it.
_ANOTHER_KIND = re.compile(r"(?:\A|[\r\n\x0b])(?:MSH|PID|NK1)[^\w\s]|\"resourceType\"\s*:")


def people_in_table(text: str) -> Iterator[str]:
    """Raises Unsearchable for a table that cannot be read whole, or whose columns nobody knows."""
    if _ANOTHER_KIND.search(text):
        raise Unsearchable
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
    if len(lines) < 2:
        return
    delimiter = max(_DELIMITERS, key=lines[0].count)
    if delimiter not in lines[0]:
        yield from _list(lines)
    elif _is_table(lines, delimiter):
        yield from _cells(_rows(text, delimiter))


def _list(lines: list[str]) -> Iterator[str]:
    if names_alone(lines[0]) and all(len(line) <= _LONGEST_ITEM for line in lines):
        for line in lines[1:]:
            yield from known_values(line.strip('" '))


def _is_table(lines: list[str], delimiter: str) -> bool:
    """Lines of as many cells as the first, or a first line of nothing but columns' names."""
    width = lines[0].count(delimiter)
    alike = sum(line.count(delimiter) == width for line in lines[1:])
    if alike >= (len(lines) - 1) * _MOSTLY:
        return True
    names = [name.strip('" ') for name in lines[0].split(delimiter)]
    return all(0 < len(name) <= _LONGEST_NAME for name in names) and all(
        holds(name) is not Holds.UNKNOWN for name in names
    )


def _rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        found = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if any(row)]
    except csv.Error:
        raise Unsearchable from None
    if not found or any(len(row) != len(found[0]) for row in found):
        raise Unsearchable  # a cell that slipped into another column would be taken for what it is not
    return found


def _cells(rows: list[list[str]]) -> Iterator[str]:
    columns = [holds(name) for name in rows[0]]
    if all(column is Holds.UNKNOWN for column in columns):
        raise Unsearchable  # without a first line of names, or with names that only their author knows
    yield from (
        name for name, column in zip(rows[0], columns, strict=True) if column is Holds.UNKNOWN and like_a_name(name)
    )
    for row in rows[1:]:
        for column, cell in zip(columns, row, strict=True):
            if column is Holds.PERSON or (column is Holds.UNKNOWN and like_a_name(cell)):
                yield from known_values(cell)
