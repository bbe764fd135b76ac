r"""JSON with its letters as letters: `"Ant\u00f4nia"`, as many systems write it, becomes `"Antônia"`.

What is hidden in it comes back in a sentence as a person would write it.
"""

from __future__ import annotations

import json
import re

_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)((?:\\u[0-9a-fA-F]{4})+)")


def plain_json(text: str) -> str:
    """`text` with the same meaning; whatever is no JSON stays as it is."""
    if "\\u" not in text:
        return text
    try:
        json.loads(text)
    except ValueError:
        return text
    return _ESCAPED.sub(_plain, text)


def _plain(found: re.Match[str]) -> str:
    letters: str = json.loads(f'"{found[2]}"')
    return found[1] + letters if letters.isprintable() and not set(letters) & {'"', "\\"} else found[0]
