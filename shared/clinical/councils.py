"""Professional councils and the form of their registrations. Form only: nobody but the council knows who is registered.

The forms are from memory (◇): councils publish no common norm and no check digit. They catch a registration typed into
the wrong council's field, not an invented one.
"""

from __future__ import annotations

import re
from typing import Literal

from shared.clinical.identifiers import normalise

Conselho = Literal[
    "CRM", "COREN", "CRF", "CRBM", "CRO", "CREFITO", "CREFONO", "CRN", "CRP", "CRBIO", "CRESS", "CRTR",
]  # fmt: skip

# Number first; what follows or precedes it is the category that the council prints on the card.
_FORMS: dict[str, tuple[str, str]] = {
    "CRM": (r"[0-9]{1,7}P?", "de 1 a 7 algarismos, com sufixo P se provisório"),
    "COREN": (r"[0-9]{1,7}(?:ENF|TEC|TE|AUX|AE|OBST|PAR)?", "de 1 a 7 algarismos, com ou sem categoria (ENF, TEC, …)"),
    "CRF": (r"[0-9]{1,6}", "de 1 a 6 algarismos"),
    "CRBM": (r"[0-9]{1,6}", "de 1 a 6 algarismos"),
    "CRO": (r"(?:CD|TPD|TSB|ASB)?[0-9]{1,6}", "de 1 a 6 algarismos, com ou sem categoria (CD, …)"),
    "CREFITO": (r"[0-9]{1,6}(?:F|TO)", "de 1 a 6 algarismos e o sufixo F ou TO"),
    "CRP": (r"[0-9]{3,8}", "a região com 2 algarismos e o número (06/12345)"),
}
_OTHER = (r"[0-9]{1,6}", "de 1 a 6 algarismos")


def registration(council: str, text: str) -> str:
    """The registration without its mask, upper case. Raises ValueError with a reason that never repeats it."""
    form, words = _FORMS.get(council, _OTHER)
    number = normalise(text.replace("/", ""))
    if not re.fullmatch(form, number) or not re.search("[1-9]", number):
        raise ValueError(f"registro no {council} deve ter {words}")
    return number
