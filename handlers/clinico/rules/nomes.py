"""Names of drugs and allergens made comparable. Only whole words match: no sound-alikes, no guesses."""

from __future__ import annotations

import re
import unicodedata

from handlers.clinico.requests import Medicamento

_SHORTEST_TELLING_NAME = 3  # letters; `aas` tells, below this a contained word says nothing (`iv`)
_FORMS = frozenset({"sal", "gel", "sol", "cap", "amp", "inj", "pom", "xpe"})  # pharmaceutical forms, no substances

_UNIT = r"(?:mg|g|mcg|ug|ml|ui|meq)"
_WAYS = "comprimidos?|capsulas?|gotas|solucao|suspensao|injetavel|ampolas?|xarope|creme|pomada|oral"
# What follows a name on a label. A number alone stays (`omega 3`), and so does a letter alone (`penicilina g`).
_AS_DISPENSED = re.compile(rf"(?: (?:(?:\d+ )*\d+ ?{_UNIT}(?: (?:\d+ ?)?{_UNIT})*|{_WAYS}))+$")


def comparavel(nome: str) -> str:
    """`nome` without accents, case, punctuation or repeated blanks."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", nome) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", plain.casefold()))


def nomes(text: str) -> set[str]:
    """The comparable names that `text` writes: whole, without strength and form, and each part of an association.

    `Dipirona 500 mg comprimido` is `dipirona` too, `amoxicilina + clavulanato` is both. Empty names match nothing.
    """
    whole = [text, *text.split("+")]
    return {name for part in whole for name in (comparavel(part), _AS_DISPENSED.sub("", comparavel(part)))} - {""}


def nomes_de(medicamento: Medicamento) -> set[str]:
    """Every comparable name of a drug, by trade name and DCB."""
    return set().union(*(nomes(nome) for nome in (medicamento.nome, medicamento.dcb) if nome))


def contem(longer: str, shorter: str) -> bool:
    """Whether `shorter` stands in `longer` as whole words (`dipirona` in `dipirona sodica`); both comparable."""
    return len(shorter) >= _SHORTEST_TELLING_NAME and shorter not in _FORMS and f" {shorter} " in f" {longer} "
