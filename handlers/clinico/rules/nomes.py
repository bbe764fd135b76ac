"""Names of drugs and allergens made comparable. Only whole words match: no sound-alikes, no guesses."""

from __future__ import annotations

import re
import unicodedata

from handlers.clinico.requests import Medicamento

_SHORTEST_TELLING_NAME = 3  # letters; `aas` tells, below this a contained word says nothing (`iv`)
_FORMS = frozenset({"sal", "gel", "sol", "cap", "amp", "inj", "pom", "xpe"})  # pharmaceutical forms, no substances


def comparavel(nome: str) -> str:
    """`nome` without accents, case, punctuation or repeated blanks."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", nome) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", plain.casefold()))


def nomes_de(medicamento: Medicamento) -> set[str]:
    """Every comparable name of a drug; empty names match nothing."""
    return {comparavel(nome) for nome in (medicamento.nome, medicamento.dcb) if nome} - {""}


def contem(longer: str, shorter: str) -> bool:
    """Whether `shorter` stands in `longer` as whole words (`dipirona` in `dipirona sodica`); both comparable."""
    return len(shorter) >= _SHORTEST_TELLING_NAME and shorter not in _FORMS and f" {shorter} " in f" {longer} "
