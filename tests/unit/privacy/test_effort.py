"""A text made to cost time costs no more per character than any other: counted in lines of Python, not in seconds."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from shared.privacy import folding
from shared.privacy.identifiers import Identifiers
from shared.privacy.outgoing_guard import OutgoingGuard
from shared.privacy.pseudonyms import Pseudonyms

PRIVACY = str(Path(folding.__file__).parent)
KNOWN = Identifiers(
    names=frozenset({"Antônia Zuleide Cavalcanti", "529.982.247-25", "00000", "1951-03-04", "Rua das Acácias 120"})
)
SHORT = 1_000


def effort(text: str) -> int:
    """Lines of the privacy part that are run to hide a text and to search what is left of it."""
    lines = 0

    def count(frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal lines
        if not frame.f_code.co_filename.startswith(PRIVACY):
            return None
        lines += event == "line"
        return count

    before = sys.gettrace()
    pseudonyms, guard = Pseudonyms(KNOWN), OutgoingGuard(KNOWN)
    sys.settrace(count)
    try:
        for rest in set(pseudonyms.outside_tokens(pseudonyms.hide(text))):
            guard.identifies(rest)
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize(
    "unit",
    [
        "0", "1 ", "5 2 9 9 8 2 2 4 7 2 5 ", "52998224725 ", "4/3/51 ", "antonia zuleide ", "z u l e i d e ", "rua A, ",
        "dn 1/1/1 ", "prontuario a1 ", "a@a.", "x@x.xx ", "(11)", "[PESSOA_1]", "Ã´", "=F4", "\\u00e1", "&amp;",
    ],
)  # fmt: skip
def test_effort_grows_with_the_text_and_no_faster(unit: str) -> None:
    effort(unit * 10)  # what is worked out once for a character is not the text's
    short, long = (effort((unit * size)[:size]) for size in (SHORT, 4 * SHORT))
    assert long < 5 * short
