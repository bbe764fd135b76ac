"""What can be wrong with an opinion: kinds for counting, words for the model that has to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """Constant names: evaluations and metrics count by them."""

    UNCITED = "uncited"  # a sentence that cites nothing
    UNKNOWN_ID = "unknown_id"  # cites what does not exist
    NUMBER = "number"  # a value the cited facts do not hold
    UNIT = "unit"  # a value with another unit
    SIDE = "side"  # "acima de" where the finding says "abaixo de"
    CONTRADICTION = "contradiction"  # the opposite of what the finding says, or its denial
    NAME = "name"  # a code or a drug the cited facts do not name
    FORBIDDEN = "forbidden"  # an assertion no opinion of this domain may make
    CRITICAL_MISSING = "critical_missing"  # a critical finding no sentence cites


_WORDS = {
    FaultKind.UNCITED: "sem citação",
    FaultKind.UNKNOWN_ID: "cita um identificador que não existe",
    FaultKind.NUMBER: "traz valores que não estão no que ela cita",
    FaultKind.UNIT: "troca a unidade do valor citado",
    FaultKind.SIDE: "inverte o lado do limite citado",
    FaultKind.CONTRADICTION: "contradiz o achado que cita",
    FaultKind.NAME: "traz código ou medicamento que não está no que ela cita",
    FaultKind.FORBIDDEN: "faz uma afirmação que o parecer não pode fazer",
}


@dataclass(frozen=True)
class Fault:
    """`sentence` counts from 1; 0 is the text as a whole."""

    kind: FaultKind
    sentence: int
    detail: str = ""

    def __str__(self) -> str:
        if self.kind is FaultKind.CRITICAL_MISSING:
            return f"achados críticos não mencionados: {self.detail}"
        if self.sentence == 0:
            return "o texto não cita nenhum achado"
        detail = f": {self.detail}" if self.detail else ""
        return f"frase {self.sentence} {_WORDS[self.kind]}{detail}"
