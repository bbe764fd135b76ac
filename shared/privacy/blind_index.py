"""Keyed blind indexes: finding a patient's tasks by an identifier that no column holds.

A value is HMAC-SHA-256 over the identifier's normal form, cut to 128 bits, in hexadecimal. Tenant and kind are part of
what is hashed, so equal numbers of two tenants, or a CPF and a record number of equal digits, never look alike.
Without the key nobody can try the 10⁹ possible CPFs; with another key every value changes.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

_BLOCK = 64  # bytes of a SHA-256 block (RFC 2104)
_HEX = 32  # 128 bits
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class IdentifierKind(StrEnum):
    """What names a person; the words are part of what is hashed."""

    __hash__ = str.__hash__  # enum's own is written in Python, and a file of a million rows asks three times a row

    CPF = "cpf"
    CNS = "cns"
    RECORD = "prontuario"
    COUNCIL = "crm"  # a physician's number with its state
    END_USER = "usuario"  # whom a program names as its own user
    BLOCK = "bloco"  # no identifier: the key by which people who may be one are grouped for comparison


@dataclass(frozen=True, slots=True)
class Subject:
    """Blind values of whom a task is about; None for what the request does not say."""

    cpf: str | None = None
    cns: str | None = None
    record: str | None = None


NOBODY = Subject()
"""The subject of work that is about no patient."""


class BlindIndex:
    """The blind indexes of one tenant. Immutable; may be shared by threads."""

    def __init__(self, key: str, tenant: str) -> None:
        # The two halves of HMAC are hashed once per kind: `hmac.digest` would do it again for every value, and does
        # so at more than twice the time.
        own = _hmac(key.encode(), b"plantao:blind-index:" + tenant.encode())
        self._halves = {kind: _halves(_hmac(own, kind.encode())) for kind in IdentifierKind}

    def value(self, kind: IdentifierKind, identifier: str) -> str:
        """The blind value of an identifier in its normal form (`shared.clinical.identifiers`, `record_number`)."""
        inner, outer = self._halves[kind]
        first = inner.copy()
        first.update(identifier.encode())
        second = outer.copy()
        second.update(first.digest())
        return second.hexdigest()[:_HEX]

    def subject(self, cpf: str | None, cns: str | None, record: str | None) -> Subject:
        """The blind values of one patient. CPF and CNS in normal form; the record number as it was sent."""
        number = record_number(record) if record else None
        return Subject(
            cpf=self.value(IdentifierKind.CPF, cpf) if cpf else None,
            cns=self.value(IdentifierKind.CNS, cns) if cns else None,
            record=self.value(IdentifierKind.RECORD, number) if number else None,
        )


class BlindIndexes:
    """The blind indexes of every tenant under one key."""

    def __init__(self, key: str) -> None:
        self.of = lru_cache(maxsize=1024)(lambda tenant: BlindIndex(key, tenant))


def record_number(text: str) -> str:
    """A record number's normal form: compatible characters folded, upper case, no white space.

    Zeros and separators stay: to one hospital they are decoration, to another they tell two patients apart.
    """
    bare = "".join(unicodedata.normalize("NFKC", text).upper().split())
    return unicodedata.normalize("NFKC", bare)  # upper case may take a letter and its accent apart


def _hmac(key: bytes, message: bytes) -> bytes:
    inner, outer = _halves(key)
    inner.update(message)
    outer.update(inner.digest())
    return outer.digest()


def _halves(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return hashlib.sha256(block.translate(_INNER)), hashlib.sha256(block.translate(_OUTER))
