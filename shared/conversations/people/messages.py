"""Who HL7 v2 messages name: the fields of people in every segment that has them (v2.5.1, chapters 3 to 15)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.conversations.people.unsearchable import Unsearchable
from shared.conversations.people.values import known_values, like_a_name
from shared.errors import UnusableDocument
from shared.hl7.header import CHARSETS, find_header
from shared.hl7.message import Message, Segment, Value, parse
from shared.hl7.people import full_name

_START = re.compile(r"(?:\A|(?<=[\r\n\x0b]))(?=(?:MSH|FHS|BHS|BTS|FTS)[^A-Za-z0-9])")
_WRAPPING = ("FHS", "BHS", "BTS", "FTS")
# Escapes that put other letters, or none, into a name: its value is then not written in the text that a model sees.
_HIDES_LETTERS = ("X[0-9A-Fa-f]", "[CMZ][0-9A-Fa-z]", "[HN]", r"\.(?:fi|nf|in|ti|sk)")

# Segment: its fields by data type. n: XPN, p: XCN or CNN, i: CX, t: XTN, a: XAD, s: a text, number or date.
_FIELDS = {
    "PID": "i2 i3 i4 n5 n6 s7 n9 a11 t13 t14 i18 s19 s20 i21 s23 t40", "PD1": "p4", "EVN": "p5",
    "NK1": "n2 a4 t5 t6 s16 n26 n30 t31 a32 i33 s37", "MRG": "i1 i2 i3 i4 i5 i6 n7",
    "PV1": "i5 p7 p8 p9 p17 i19 i50 p52", "PV2": "p13", "ROL": "p4 a11 t12", "PRT": "p5 a14 t15",
    "IN1": "n16 s18 a19 s36 i49", "IN2": "i1 s2 s6 s8 n40 n46 i61 t63 t64",
    "GT1": "i2 n3 n4 a5 t6 t7 s8 s12 i19 n42 t43", "ORC": "p10 p11 p12 t14 p19 n21 a24",
    "OBR": "p10 p16 t17 p28 p32 p33 p34 p35",
    "OBX": "p16 p25", "TXA": "p5 p9 p10 p11", "DG1": "p16", "PR1": "p8 p11 p12", "FT1": "p20 p21",
    "SCH": "p12 t13 p16 t17 p20",
    "AIP": "p3", "RXE": "p13 p14", "RXA": "p10", "RXD": "p10", "RXG": "p14", "STF": "i2 n3 s6 t10 a11 s15", "PRA": "p6",
    "CTD": "n2 a3 t5", "ACC": "p7 p11", "NTE": "p4 p5",
}  # fmt: skip
_NOBODY = frozenset({
    "MSH", "SFT", "UAC", "SPM", "SAC", "TQ1", "TQ2", "AL1", "IAM", "MFI", "MFE", "MSA", "ERR", "QAK", "QPD", "QRD",
    "RCP", "RXO", "RXR", "RXC", "DRG", "PDA", "CSR", "DB1", "DSC", "BPX",
})  # fmt: skip
_OF_TYPE = {"XPN": "n", "PN": "n", "XCN": "p", "CN": "p", "CX": "i", "XTN": "t", "XAD": "a"}
_COMPONENTS = {"n": (1, 2, 3), "p": (1, 2, 3, 4), "i": (1,), "t": (1, 4, 6, 7, 12), "a": (1, 2, 5), "s": (1,)}


def people_in_messages(text: str) -> Iterator[str]:
    """Raises Unsearchable where one message cannot be read."""
    pieces = _START.split(text.lstrip("\r\n\t \x0b"))
    for piece in pieces:
        if piece.strip() and not piece.startswith(_WRAPPING):
            for segment in _message(piece).segments:
                yield from _people(segment)


def _message(piece: str) -> Message:
    """Read in the characters that it declares, so that its values are those of the text that a model sees."""
    try:
        header = find_header(piece.encode())
        codec = CHARSETS.get(header.charset, "ascii") if header else "ascii"
        message = parse(piece.encode("utf-8" if codec == "ascii" else codec))
    except (UnusableDocument, UnicodeError):
        raise Unsearchable from None
    mark = re.escape(message.header.separators[3])
    body = piece[len("MSH|^~\\&") :]  # which explains the mark itself
    if re.search(f"{mark}(?:{'|'.join(_HIDES_LETTERS)})", body):
        raise Unsearchable
    return message


def _people(segment: Segment) -> Iterator[str]:
    fields = _FIELDS.get(segment.name)
    if fields is None and segment.name not in _NOBODY:
        yield from _like_names(segment)  # a segment of the sender's own
    for entry in (fields or "").split():
        for value in segment.repetitions(int(entry[1:])):
            yield from _of_value(value, entry[0])
    if segment.name == "OBX" and (kind := _OF_TYPE.get(segment.text(2))):
        for value in segment.repetitions(5):
            yield from _of_value(value, kind)


def _of_value(value: Value, kind: str) -> Iterator[str]:
    if kind in "np":
        yield from known_values(full_name(value, family=1 if kind == "n" else 2))
    for component in _COMPONENTS[kind]:
        if component <= len(value.components):
            for part in value.components[component - 1]:
                yield from known_values(part)


def _like_names(segment: Segment) -> Iterator[str]:
    for field in segment.fields[1:]:
        for value in field:
            for component in value.components:
                yield from (part for part in component if like_a_name(part))
