"""An HL7 v2 message (ER7) read into segments whose fields are asked for by number.

The `hl7` package splits; characters, line ends, separators and escapes are settled here, because the package's own
unescaping writes field contents to the log.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass, field

import hl7

from shared.hl7.escapes import unescape
from shared.hl7.header import CHARSETS, Header, find_header
from shared.hl7.problems import Fault, unusable
from shared.interop import Pendencia

_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_LINE_ENDS = re.compile(rb"[\r\n]+")
_NOT_PRODUCTION = ("T", "D")  # table HL70103 ✔: training, debugging
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
    """One segment; `place` is its name, with its number from the second of that name on (`OBX#2`)."""

    name: str
    place: str
    fields: tuple[tuple[Value, ...], ...]

    def repetitions(self, number: int) -> tuple[Value, ...]:
        """The repetitions of a field that say anything."""
        values = self.fields[number] if number < len(self.fields) else ()
        return tuple(value for value in values if any(part for component in value.components for part in component))

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

    def first(self, name: str) -> Segment | None:
        return next((segment for segment in self.segments if segment.name == name), None)

    def segment(self, name: str) -> Segment:
        """The first of that name, or an empty one: asking it for a field gives nothing."""
        return self.first(name) or Segment(name, name, ())


def parse(raw: bytes) -> Message:
    """Raises UnusableMessage when there is no MSH, or its separators or characters cannot be settled."""
    if raw.startswith(_UTF16):
        raise unusable("MSH-18", Fault.CODIFICACAO_NAO_ACEITA, "UTF-16 não é aceito; envie UTF-8 ou ISO 8859-1")
    header = find_header(raw)
    if header is None:
        if raw.lstrip(b"\xef\xbb\xbf\r\n ")[:3] in (b"FHS", b"BHS"):
            raise unusable("FHS", Fault.MSH_AUSENTE, "lotes vão para o domínio ingestao; aqui, uma mensagem por vez")
        raise unusable(
            "MSH-1", Fault.MSH_AUSENTE, "a mensagem deve começar com um segmento MSH com separadores válidos"
        )
    notes: list[Pendencia] = []
    if header.text(11)[:1] in _NOT_PRODUCTION:
        notes.append(Pendencia(onde="MSH-11", codigo="mensagem_de_teste", detalhe="tratada como as de produção"))
    text, charset = _decoded(raw.removeprefix(codecs.BOM_UTF8), header, notes)
    text = _one_line_per_segment(text, header.separators[0])
    mid_air = not text.endswith("\r")
    # The package takes three bare characters for separators: with ours spelled out it never has to guess.
    body = "MSH" + header.separators + header.separators[0] + _after_msh2(text, header.separators[0])
    segments = _segments(body, header.separators, charset, notes)
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
    return re.sub(rf"\n+(?=[A-Z][A-Z0-9]{{2}}{re.escape(separator)}|\Z)", "\r", text)


def _after_msh2(text: str, separator: str) -> str:
    """Everything from MSH-3 on."""
    line, carriage, rest = text.partition("\r")
    return line[4:].partition(separator)[2] + carriage + rest


def _segments(body: str, separators: str, charset: str, notes: list[Pendencia]) -> tuple[Segment, ...]:
    found: list[Segment] = []
    seen: dict[str, int] = {}
    for number, parts in enumerate(hl7.parse(body), 1):
        name = str(parts[0])
        if not _NAME.fullmatch(name):
            if str(parts).strip():
                notes.append(
                    Pendencia(onde=f"linha {number}", codigo="linha_sem_segmento", detalhe="não começa com um segmento")
                )
            continue
        seen[name] = seen.get(name, 0) + 1
        place = name if seen[name] == 1 else f"{name}#{seen[name]}"
        found.append(Segment(name, place, _fields(parts, place, separators, charset)))
    return tuple(found)


def _fields(parts: hl7.Segment, place: str, separators: str, charset: str) -> tuple[tuple[Value, ...], ...]:
    return tuple(
        tuple(
            Value(
                f"{place}-{number}" + (f"[{repetition}]" if repetition > 1 else ""),
                tuple(tuple(unescape(sub, separators, charset) for sub in subs) for subs in _components(value)),
            )
            for repetition, value in enumerate(parts[number], 1)
        )
        for number in range(len(parts))
    )


def _components(repetition: hl7.Repetition | str) -> list[list[str]]:
    """The package leaves a level out where a field has nothing to split there."""
    if isinstance(repetition, str):
        return [[repetition]]
    return [[component] if isinstance(component, str) else [str(sub) for sub in component] for component in repetition]
