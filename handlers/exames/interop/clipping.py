"""Texts of documents that go into a field as they are: short and printable, so that one of them refuses no report."""

from __future__ import annotations

LONGEST_UNIT = 120
LONGEST_NAME = 120  # of a sample or a device


def clipped(text: str, length: int) -> str:
    """The beginning, without control characters; the whole text stays in the stored document."""
    return "".join(c for c in text if c.isprintable()).strip()[:length].strip() or "?"
