"""The MSH segment read by hand: an answer must be possible for a message that nobody can parse."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

# MSH-18 (table HL70211) → Python's name; what is not here is refused, never guessed.
CHARSETS = {
    "ASCII": "ascii",
    "ISO IR6": "ascii",
    "8859/1": "latin-1",
    "8859/15": "iso8859-15",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
}
DEFAULT_SEPARATORS = "|^~\\&"
_UNSAFE = re.compile("[\x00-\x1f\x7f]")
_OF_VALUES = " -+.,:/()'\""
_MAX_ECHO = 200


@dataclass(frozen=True, slots=True)
class Header:
    """MSH as it stands: `fields[n]` is MSH-n, still escaped; what is absent is empty."""

    separators: str  # field, component, repetition, escape, subcomponent
    fields: tuple[str, ...]

    def text(self, number: int) -> str:
        """MSH-`number`, without what could forge a line of an answer."""
        value = self.fields[number] if number < len(self.fields) else ""
        return _UNSAFE.sub("", value)[:_MAX_ECHO]

    def component(self, number: int, component: int) -> str:
        parts = self.text(number).split(self.separators[1])
        return parts[component - 1] if component <= len(parts) else ""

    @property
    def kind(self) -> str:
        """`ADT^A01`: message type and trigger of MSH-9."""
        return f"{self.component(9, 1).strip()}^{self.component(9, 2).strip()}"

    @property
    def charset(self) -> str:
        """MSH-18, its first repetition."""
        return self.text(18).split(self.separators[2])[0].strip().upper()


def find_header(raw: bytes) -> Header | None:
    """The header of `raw`, or None when it has no usable MSH at its start. Never raises."""
    body = raw.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n\t \x0b")
    line = re.split(b"[\r\n]", body, maxsplit=1)[0].decode("latin-1")
    if not line.startswith("MSH") or len(line) < 8:
        return None
    separators = separators_of(line)
    if separators is None:
        return None
    return Header(separators, ("MSH", *[line[3], *line[4:].split(line[3])]))


def separators_of(line: str) -> str | None:
    """Field, component, repetition, escape and subcomponent separator of an MSH line.

    None when they are not distinct punctuation, or are such as numbers, dates and names are written with. Those that
    a short MSH-2 leaves out have their usual value.
    """
    field = line[3]
    given = line[4:].split(field, 1)[0][:4]
    separators = field + given + DEFAULT_SEPARATORS[1 + len(given) :]
    usable = separators.isascii() and separators.isprintable()
    usable = usable and not any(c.isalnum() or c in _OF_VALUES for c in separators)
    return separators if given and usable and len(set(separators)) == len(separators) else None
