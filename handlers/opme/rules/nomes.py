"""Company names made comparable."""

from __future__ import annotations

import re
import unicodedata

_LEGAL_FORM = re.compile(r"( (ltda|s a|sa|me|epp|eireli))+$")


def comparavel(nome: str) -> str:
    """A company name without accents, case, punctuation and legal form: `Acme Ltda.` is `acme`."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", nome) if not unicodedata.combining(c))
    return _LEGAL_FORM.sub("", " ".join(re.findall(r"\w+", plain.casefold())))
