"""Our splitting against the `hl7` package's: two readers of the standard that must agree."""

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.hl7.message import parse
from tests.fixtures.hl7 import NAMES, read_message

HEADER = "MSH|^~\\&|A|B|C|D|20261120080000||ORU^R01|1|P|2.5|||||BRA|UNICODE UTF-8\r"


def by_the_package(text: str) -> list[list[str]]:
    """Every first subcomponent of every component of every repetition, segment by segment."""
    return [
        [
            (sub if isinstance(sub, str) else str(sub[0])).strip()
            for number in range(3 if str(segment[0]) == "MSH" else 1, len(segment))
            for repetition in segment[number]
            for sub in ([repetition] if isinstance(repetition, str) else repetition)
        ]
        for segment in hl7.parse(text)
    ]


def by_us(raw: bytes) -> list[list[str]]:
    return [
        [component[0].strip() for field in segment.fields[1:] for value in field for component in value.components]
        for segment in parse(raw).segments
    ]


def filled(rows: list[list[str]]) -> list[list[str]]:
    """Without what is empty: the package and we differ in how many empty places they keep."""
    return [[cell for cell in row if cell] for row in rows]


@pytest.mark.parametrize("name", NAMES)
def test_real_messages_are_split_alike(name: str):
    raw = read_message(name)
    text = raw.decode(parse(raw).charset).replace("\n", "\r")
    assert filled(by_us(raw)) == filled(by_the_package(text))


@given(st.lists(st.text("aB1|^~&", max_size=30), min_size=1, max_size=4))
def test_any_mixture_of_separators_is_split_alike(lines: list[str]):
    text = HEADER + "".join(f"ZZZ|{line}\r" for line in lines)
    assert filled(by_us(text.encode())) == filled(by_the_package(text))


def test_places_count_what_is_empty():
    pid = parse((HEADER + "PID|1||~B^^c&d|\r").encode()).segment("PID")
    [value] = pid.repetitions(3)
    assert (value.place, value.text(1), value.text(3), value.text(3, 2)) == ("PID-3[2]", "B", "c", "d")
    assert pid.repetitions(2) == pid.repetitions(40) == ()
