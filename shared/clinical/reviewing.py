"""What a professional says about a result, and how an edited opinion differs from the draft.

An edited opinion is the professional's own: sentences of theirs need no citation, because what they saw at the bedside
is not among the findings. A citation that they do write must lead somewhere, and each sentence without one is marked.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationInfo, field_validator

from shared.clinical.citations import citations, cited_calculations, sentences
from shared.clinical.councils import Conselho, registration
from shared.clinical.fields import Entrada, Texto, TextoLongo
from shared.clinical.identifiers import Uf
from shared.errors import InvalidField

Decisao = Literal["aceito", "editado", "rejeitado"]
Mudanca = Literal["mantida", "acrescentada", "removida"]


class PedidoRevisao(Entrada):
    """The decision of a named professional on a task's current result.

    `motivo` says why an opinion was edited or rejected. `parecer` is the whole edited text, for `editado` alone.
    """

    decisao: Decisao
    conselho: Conselho
    registro: Annotated[str, Field(min_length=1, max_length=20, description="As on the council's card; form only")]
    uf: Uf
    motivo: Annotated[Texto | None, Field(validate_default=True)] = None
    parecer: Annotated[TextoLongo | None, Field(validate_default=True)] = None

    @field_validator("registro")
    @classmethod
    def _of_the_council(cls, text: str, info: ValidationInfo) -> str:
        return registration(info.data["conselho"], text) if "conselho" in info.data else text

    @field_validator("motivo")
    @classmethod
    def _says_why(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if reason is None and info.data.get("decisao") in ("editado", "rejeitado"):
            raise ValueError("obrigatório quando a decisão é editado ou rejeitado")
        return reason

    @field_validator("parecer")
    @classmethod
    def _only_when_edited(cls, text: str | None, info: ValidationInfo) -> str | None:
        decision = info.data.get("decisao")
        if decision == "editado" and text is None:
            raise ValueError("obrigatório quando a decisão é editado")
        if decision in ("aceito", "rejeitado") and text is not None:
            raise ValueError("só é aceito quando a decisão é editado")
        if text is not None and not sentences(text):
            raise ValueError("não traz nenhuma frase")
        return text


class Frase(NamedTuple):
    """One sentence of the draft or of the edited opinion."""

    texto: str
    mudanca: Mudanca
    citacoes: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Ready for the store; `sem_citacao` marks what rests on the professional alone."""
        return {**self._asdict(), "sem_citacao": not self.citacoes}


def check_citations(text: str, result: dict[str, Any]) -> None:
    """Raise InvalidField naming the sentences of `text` that cite what `result` does not hold."""
    known = {finding["id"] for finding in result["achados"]} | set(result["calculos"])
    wrong = [number for number, line in enumerate(sentences(text), 1) if not set(_cited(line)) <= known]
    if wrong:
        shown = ", ".join(str(number) for number in wrong[:10])
        raise InvalidField([("parecer", f"cita achado ou cálculo que não existe neste resultado (frases: {shown})")])


def difference(draft: str, edited: str) -> list[Frase]:
    """Every sentence of both texts in reading order: those kept and removed are the draft, kept and added the edit."""
    before, after = sentences(draft), sentences(edited)
    found: list[Frase] = []
    # The matcher's heuristic for frequent elements stays on: without it, ten thousand equal sentences take minutes.
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, before, after).get_opcodes():
        if kind == "equal":
            found += [_phrase(line, "mantida") for line in after[j1:j2]]
        else:
            found += [_phrase(line, "removida") for line in before[i1:i2]]
            found += [_phrase(line, "acrescentada") for line in after[j1:j2]]
    return found


def _phrase(line: str, change: Mudanca) -> Frase:
    return Frase(line, change, _cited(line))


def _cited(line: str) -> list[str]:
    return [*citations(line), *cited_calculations(line)]
