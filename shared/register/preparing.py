"""What a chunk needs that the store need not be asked for: computed on the reader's thread, while the store works."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from shared.privacy.blind_index import BlindIndex
from shared.register.blocks import Blocking, Blocks
from shared.register.linkage import is_linkable
from shared.register.records import Chunk, Person, Row

_DIGEST_BYTES = 16


class Keys(NamedTuple):
    """The blind values of one row's identifiers, and of those that it declares to be the same person's."""

    own: tuple[str, ...] = ()
    prior: tuple[str, ...] = ()


NO_KEYS = Keys()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A chunk with, for each of its rows, keys, blocks (None where the kind has none) and digest."""

    chunk: Chunk
    keys: list[Keys]
    blocks: list[Blocks | None]
    digests: list[str]


def prepared(chunks: Iterable[Chunk], blind: BlindIndex) -> Iterator[Prepared]:
    """Each chunk as it comes."""
    blocking = Blocking(blind)
    for chunk in chunks:
        yield Prepared(
            chunk,
            [keys_of(row.person, blind) for row in chunk.rows],
            [_blocks(row, blocking) for row in chunk.rows],
            [hashlib.blake2b(row.raw, digest_size=_DIGEST_BYTES).hexdigest() for row in chunk.rows],
        )


def keys_of(person: Person | None, blind: BlindIndex) -> Keys:
    """Nothing for a row that was rejected."""
    if person is None:
        return NO_KEYS
    value = blind.value
    own = tuple([value(*identifier) for identifier in person.identifiers])
    return Keys(own, tuple([value(*identifier) for identifier in person.prior]) if person.prior else ())


def _blocks(row: Row, blocking: Blocking) -> Blocks | None:
    person = row.person
    return blocking.of(person.values) if person is not None and is_linkable(person.kind) else None
