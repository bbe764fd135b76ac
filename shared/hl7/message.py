"""An HL7 v2 message (ER7) read into segments whose fields are asked for by number.

Fields are taken apart when they are asked for: a reader asks for a few of the many that a message has.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

from shared.hl7.escapes import unescape
from shared.hl7.header import CHARSETS, Header, find_header
from shared.hl7.problems import Fault, unusable
from shared.interop import Pendencia

_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_LINE_ENDS = re.compile(rb"[\r\n]+")
_NOT_PRODUCTION = ("T", "D")  # table HL70103 ✔: training, debugging
_MOST_SEGMENTS = 5_000
_MOST_REPETITIONS = 20_000
"""Far beyond any message. Without them a megabyte of separators would cost many seconds of everybody's time."""
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Value:
    """One repetition of a field. `place` is where it stands: `PID-3[2]`."""

    place: str
    components: tuple[tuple[str, ...], ...]

    def text(self, component: int = 1, sub: int = 1) -> str:
        """A component, empty when absent or when it is the explicit null ("")."""
        if component > len(self.components) or sub > len(self.components[component - 1]):
            return ""
        found = self.components[component - 1][sub - 1].strip()
        return "" if found == '""' else found

    def at(self, component: int) -> str:
        """The place of one of its components."""
        return f"{self.place}.{component}"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; `place` is its name, with its number from the second of that name on (`OBX#2`).

    `fields[n]` are the repetitions of field n that say anything.
    """

    name: str
    place: str
    fields: Sequence[tuple[Value, ...]]

    def repetitions(self, number: int) -> tuple[Value, ...]:
        """The repetitions of a field that say anything."""
        return self.fields[number] if number < len(self.fields) else ()

    def value(self, number: int) -> Value:
        """The first repetition, or an empty one."""
        found = self.repetitions(number)
        return found[0] if found else Value(f"{self.place}-{number}", ())

    def text(self, number: int, component: int = 1, sub: int = 1) -> str:
        return self.value(number).text(component, sub)

    def at(self, number: int) -> str:
        return f"{self.place}-{number}"


@dataclass(frozen=True, slots=True)
class Message:
    """`notes` says what had to be settled or was not understood while reading."""

    header: Header
    segments: tuple[Segment, ...]
    charset: str
    notes: list[Pendencia] = field(default_factory=list)
    content_hash: str = ""
    ends_in_mid_air: bool = False  # the last segment has no terminator: it may have been cut

    @property
    def kind(self) -> str:
        return self.header.kind

    def all(self, name: str) -> list[Segment]:
        return [segment for segment in self.segments if segment.name == name]

    def values(self, name: str, number: int) -> list[Value]:
        """Every repetition of a field in every segment of that name; an empty one where a segment says nothing."""
        return [
            value for segment in self.all(name) for value in segment.repetitions(number) or (segment.value(number),)
        ]

    def first(self, name: str) -> Segment | None:
        return next((segment for segment in self.segments if segment.name == name), None)

    def segment(self, name: str) -> Segment:
        """The first of that name, or an empty one: asking it for a field gives nothing."""
        return self.first(name) or Segment(name, name, ())


def parse(raw: bytes) -> Message:
    """Raises UnusableMessage when there is no MSH, or separators, segments or characters cannot be settled.

    Also for more segments or repetitions than any message has.
    """
    if raw.startswith(_UTF16):
        raise unusable("MSH-18", Fault.CODIFICACAO_NAO_ACEITA, "UTF-16 não é aceito; envie UTF-8 ou ISO 8859-1")
    header = find_header(raw)
    if header is None:
        if raw.lstrip(b"\xef\xbb\xbf\r\n ")[:3] in (b"FHS", b"BHS"):
            raise unusable("FHS", Fault.MSH_AUSENTE, "lotes vão para o domínio ingestao; aqui, uma mensagem por vez")
        raise unusable(
            "MSH-1", Fault.MSH_AUSENTE, "a mensagem deve começar com um segmento MSH com separadores válidos"
        )
    if not _LINE_ENDS.search(raw.strip()) and b"PID" in raw:
        raise unusable(
            "MSH",
            Fault.SEPARADOR_DE_SEGMENTOS_AUSENTE,
            "a mensagem chegou numa linha só: cada segmento termina em CR (com curl, use --data-binary)",
        )
    notes: list[Pendencia] = []
    if header.text(11)[:1] in _NOT_PRODUCTION:
        notes.append(Pendencia(onde="MSH-11", codigo="mensagem_de_teste", detalhe="tratada como as de produção"))
    text, charset = _decoded(raw.removeprefix(codecs.BOM_UTF8), header, notes)
    text = _one_line_per_segment(text, header.separators[0])
    _refuse_excess(text, header.separators[2])
    mid_air = not text.endswith("\r")
    segments = _segments(text, header.separators, charset, notes)
    return Message(header, segments, charset, notes, content_hash(raw), mid_air)


def content_hash(raw: bytes) -> str:
    """Of all that follows MSH, whatever ends its lines: a repetition may carry another time in its header."""
    lines = [line for line in _LINE_ENDS.split(raw) if line.strip()]
    return hashlib.sha256(b"\r".join(lines[1:])).hexdigest()


def message_key(message: Message) -> str:
    """What makes a message the same one again: sending application, facility and control id, hashed.

    Without a control id (MSH-10) its content stands in. Visible ASCII, so that it serves as an Idempotency-Key.
    """
    header = message.header
    identity = [header.text(3), header.text(4), header.text(10) or f"content:{message.content_hash}"]
    return "hl7:" + hashlib.sha256("\x1f".join(identity).encode("utf-8", "surrogatepass")).hexdigest()


def _decoded(raw: bytes, header: Header, notes: list[Pendencia]) -> tuple[str, str]:
    declared = header.charset
    if declared and declared not in CHARSETS:
        accepted = ", ".join(CHARSETS)
        raise unusable("MSH-18", Fault.CODIFICACAO_NAO_ACEITA, f"codificação não aceita; use uma de: {accepted}")
    codec = CHARSETS.get(declared, "ascii")
    if codec != "ascii":
        try:
            return raw.decode(codec), codec
        except UnicodeDecodeError:
            raise unusable(
                "MSH-18",
                Fault.CODIFICACAO_INVALIDA,
                f"a mensagem declara {declared}, mas há bytes que não são dessa codificação",
            ) from None
    if raw.isascii():
        return raw.decode("ascii"), "ascii"
    # ASCII is also what an absent MSH-18 means; bytes beyond it say that the sender has something else.
    try:
        text, found = raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, found = raw.decode("latin-1"), "latin-1"
    notes.append(Pendencia(onde="MSH-18", codigo="codificacao_detectada", detalhe=f"lida como {found}: declare MSH-18"))
    return text, found


def _one_line_per_segment(text: str, separator: str) -> str:
    """CR after every segment. A lone LF that no segment name follows is a line break inside a text."""
    text = text.lstrip("\r\n\t \x0b").replace("\r\n", "\r").rstrip("\x1c\x1a\t ")
    # A run of line feeds is looked at once, from its first: the time must not grow with the square of its length.
    return re.sub(rf"(?<!\n)\n++(?=[A-Z][A-Z0-9]{{2}}{re.escape(separator)}|\Z)", "\r", text)


def _refuse_excess(text: str, repetition: str) -> None:
    for mark, most, words in (("\r", _MOST_SEGMENTS, "segmentos"), (repetition, _MOST_REPETITIONS, "repetições")):
        if text.count(mark) > most:
            raise unusable("MSH", Fault.MENSAGEM_GRANDE, f"a mensagem tem mais de {most} {words}: divida-a")


def _segments(text: str, separators: str, charset: str, notes: list[Pendencia]) -> tuple[Segment, ...]:
    found: list[Segment] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(text.split("\r"), 1):
        parts = line.split(separators[0])
        name = parts[0]
        if not _NAME.fullmatch(name):
            if line.strip():
                notes.append(
                    Pendencia(onde=f"linha {number}", codigo="linha_sem_segmento", detalhe="não começa com um segmento")
                )
            continue
        if name == "MSH":
            # MSH-1 is the separator itself, and MSH-2 is written in the characters that it defines: see the header.
            parts = [name, "", "", *parts[2:]]
        seen[name] = seen.get(name, 0) + 1
        place = name if seen[name] == 1 else f"{name}#{seen[name]}"
        found.append(Segment(name, place, _Fields(place, parts, separators, charset)))
    return tuple(found)


class _Fields(Sequence[tuple[Value, ...]]):
    """The fields of one segment, each taken apart once, when it is first asked for."""

    __slots__ = ("_charset", "_parts", "_place", "_read", "_separators")

    def __init__(self, place: str, parts: list[str], separators: str, charset: str) -> None:
        self._place = place
        self._parts = parts
        self._separators = separators
        self._charset = charset
        self._read: dict[int, tuple[Value, ...]] = {}

    def __len__(self) -> int:
        return len(self._parts)

    @overload
    def __getitem__(self, number: int) -> tuple[Value, ...]: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[tuple[Value, ...]]: ...

    def __getitem__(self, number: int | slice) -> tuple[Value, ...] | Sequence[tuple[Value, ...]]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        known = self._read.get(number)
        if known is None:
            known = self._read[number] = tuple(self._values(number))
        return known

    def _values(self, number: int) -> Iterator[Value]:
        """The repetitions that say anything, under the number at which they stand."""
        for repetition, written in enumerate(self._parts[number].split(self._separators[2]), 1):
            components = self._components(written) if written else ()
            if any(part for component in components for part in component):
                place = f"{self._place}-{number}"
                yield Value(place if repetition == 1 else f"{place}[{repetition}]", components)

    def _components(self, written: str) -> tuple[tuple[str, ...], ...]:
        component, escape, sub = self._separators[1], self._separators[3], self._separators[4]
        if component not in written and sub not in written and escape not in written:
            return ((written,),)
        return tuple(
            tuple(unescape(part, self._separators, self._charset) for part in parts.split(sub))
            for parts in written.split(component)
        )
