"""OBX segments: what was observed, its value, unit, range and status, before any domain gives it a meaning."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from shared.hl7.fields import Number, number
from shared.hl7.mapping import Mapping
from shared.hl7.message import Message, Segment, Value
from shared.hl7.problems import Fault, unusable

LOINC = "LN"
_NUMERIC = {"NM", "SN"}
# OBX-11, table HL70085 ✔ (v2.5.1): what no longer holds, or never came to be.
_WITHOUT_VALUE = {
    "D": ("resultado_excluido", "OBX-11 D: o laboratório excluiu este resultado"),
    "W": ("resultado_excluido", "OBX-11 W: resultado publicado por engano"),
    "X": ("resultado_nao_obtido", "OBX-11 X: o laboratório não obteve o resultado"),
    "N": ("resultado_nao_obtido", "OBX-11 N: não solicitado"),
    "I": ("resultado_nao_obtido", "OBX-11 I: amostra ainda em processamento"),
    "O": ("resultado_nao_obtido", "OBX-11 O: somente a solicitação"),
}
_WITH_RESERVATION = {
    "C": ("resultado_corrigido", "OBX-11 C: substitui um resultado anterior"),
    "P": ("resultado_preliminar", "OBX-11 P: pode mudar"),
    "R": ("resultado_nao_verificado", "OBX-11 R: ainda não verificado"),
    "S": ("resultado_parcial", "OBX-11 S: parcial"),
}
_UNKNOWN_STATUS = ("situacao_ausente", "OBX-11 não diz se o resultado é final")
_FINAL = {"F", "U", "V", "A", "B"}


@dataclass(frozen=True, slots=True)
class Observation:
    """One value of an OBX. `codes` are the candidates in order: (code, coding system) of the two triplets of OBX-3."""

    segment: Segment
    value: Value
    codes: tuple[tuple[str, str], ...]
    names: tuple[str, ...]

    @property
    def place(self) -> str:
        return self.value.place

    @property
    def text(self) -> str:
        """OBX-5 as one text; SN with its parts joined."""
        if self.segment.text(2).upper() == "SN":
            return "".join(self.value.text(component) for component in (1, 2, 3, 4))
        return self.value.text(1) or self.value.text(2)

    @property
    def unit(self) -> str:
        """OBX-6: the code, or the words where there is no code."""
        return self.segment.text(6) or self.segment.text(6, 2)

    @property
    def status(self) -> str:
        return self.segment.text(11).upper()

    def number(self) -> Number:
        """Raises ValueError when OBX-5 holds no number."""
        return number(self.text, strict_dot=self.segment.text(2).upper() in _NUMERIC)


def coded(value: Value) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """CWE/CE as its (code, system) pairs and its words, from both triplets."""
    pairs = [(value.text(1), value.text(3).upper()), (value.text(4), value.text(6).upper())]
    names = [value.text(2), value.text(5)]
    return tuple(pair for pair in pairs if pair[0]), tuple(name for name in names if name)


def observations(mapping: Mapping, segments: Iterable[Segment]) -> list[Observation]:
    """Those of `segments` that hold a value which still stands; the others are reported with the reason.

    A repeated OBX-5 is as many observations: which of two values is meant is for whoever reads them to settle.
    Raises UnusableMessage when the last one was cut in mid-air: a number that lost its last digits is a wrong number.
    """
    found = []
    for segment in segments:
        _refuse_cut(mapping.message, segment)
        status = segment.text(11).upper()
        if status in _WITHOUT_VALUE:
            mapping.odd(segment.at(11), *_WITHOUT_VALUE[status])
            continue
        if status not in _FINAL:
            mapping.odd(segment.at(11), *_WITH_RESERVATION.get(status, _UNKNOWN_STATUS))
        codes, names = coded(segment.value(3))
        for value in segment.repetitions(5) or (segment.value(5),):
            observation = Observation(segment, value, codes, names)
            if observation.text:
                found.append(observation)
            else:
                mapping.odd(value.place, "valor_ausente", "OBX-5 vazio")
    return found


def _refuse_cut(message: Message, segment: Segment) -> None:
    if message.ends_in_mid_air and segment is message.segments[-1] and not segment.text(11):
        raise unusable(
            segment.at(11), Fault.SEGMENTO_TRUNCADO, "a mensagem termina no meio deste segmento: envie-a inteira"
        )


def plain(text: str) -> str:
    """A name or mnemonic for comparison: no case, accents, spaces or punctuation."""
    bare = unicodedata.normalize("NFKD", text).upper()
    return "".join(c for c in bare if c.isalnum() or c in "%#")
