"""Blocks: who is worth comparing by name. Keyed, so that the column tells nobody a birth date or a name."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from shared.privacy.blind_index import BlindIndex, IdentifierKind
from shared.register.names import Sounds
from shared.register.records import BIRTH, MOTHER, NAME, Kind

_BYTES = 8

Blocks = tuple[int | None, int | None]
"""By birth date and phonetic surname, by birth date and phonetic mother's name; None where the person has none."""


class Blocking:
    """The blocks of one tenant. A key of their own, derived from the tenant's, costs a third of a blind index.

    Make one per load: it remembers sounds of words, which are parts of names.
    """

    def __init__(self, blind: BlindIndex) -> None:
        key = blind.value(IdentifierKind.BLOCK, "chave").encode()
        self._keyed = blake2b(key=key, digest_size=_BYTES)
        self._sounds = Sounds()

    def of(self, values: tuple[Any, ...]) -> Blocks:
        """The blocks of a patient with these values."""
        birth = values[BIRTH[Kind.PATIENT]].isoformat()
        last = self._sounds.surname(values[NAME])
        mother = self._sounds.mother(values[MOTHER]) if values[MOTHER] else ""
        return (
            self._block(f"nome {birth} {last}") if last else None,
            self._block(f"mae {birth} {mother}") if mother else None,
        )

    def _block(self, text: str) -> int:
        hashed = self._keyed.copy()
        hashed.update(text.encode())
        return int.from_bytes(hashed.digest(), "big", signed=True)
