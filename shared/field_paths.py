"""Where in a request a field is, as text that is safe to show and to store."""

from __future__ import annotations

import re
from collections.abc import Sequence

# As all our names and those of FHIR are written: no capital first (a person's name), no long number (a document's).
_SAFE_NAME = re.compile(r"(?!.*[0-9]{5})[a-z_][A-Za-z0-9_\-]{0,63}")


def field_path(location: Sequence[int | str]) -> str:
    """Dotted path. A key that is not a plain name came from the caller and may hold anything: not repeated."""
    return ".".join(_safe(part) for part in location) or "(corpo)"


def _safe(part: int | str) -> str:
    if isinstance(part, int) or _SAFE_NAME.fullmatch(part):
        return str(part)
    return "(nome ilegível)"
